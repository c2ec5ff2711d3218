// The loaded decoder: runs a span of its stages over some positions, and keeps what they leave for the next ones.
import { EMBED_STAGE, headStage, layerStage, residPost } from '../graph/decoderStages'
import { layerMemories, newKey, newState, newValue, pastKey, pastState, pastValue, type LayerMemory } from '../graph/layerMemory'
import { ropeRows } from '../graph/rope'
import type { ModelConfig } from '../formats/modelConfig'
import { boolTensor, float32Data, float32Tensor, int64Data, int64Tensor, type Session, type Tensor } from './onnx'
import { createArrayPool, type ArrayPool } from './sequence/arrayPool'
import { alwaysKept, residualArrayLength } from './sequence/residualStore'
import { sequenceArrayLengths, SequenceState } from './sequence/sequenceState'

/** Which stages to run over which positions. */
export interface Span {
  /** Token ids to start from the embedding, or the residual (T, d_model) that enters `firstLayer`. */
  readonly input: { readonly tokenIds: readonly number[] } | { readonly x: Float32Array }
  /** Layers firstLayer … endLayer − 1 are run. */
  readonly firstLayer: number
  readonly endLayer: number
  /** What is wanted of the head; null leaves it out. With it `endLayer` must be the number of layers. */
  readonly head: HeadRequest | null
  /** Layers of the span whose resid_post is wanted. */
  readonly residuals: readonly number[]
  /** Positions first … first + count − 1. */
  readonly first: number
  readonly count: number
}

/** Which rows of a span are predicted, and what is wanted of each. */
export interface HeadRequest {
  readonly rows: readonly number[]
  /** Likeliest tokens per row. */
  readonly candidates: number
  /** Per row a token whose log-probability and rank are wanted. */
  readonly targets: readonly number[] | null
  readonly wantsLogits: boolean
}

/** R rows, C candidates. Log-probabilities are natural. */
export interface HeadResult {
  /** (R, C), largest logit first, of equal ones the lower id. */
  readonly tokens: Int32Array
  /** (R, C) */
  readonly logprobs: Float32Array
  /** (R), in nats. */
  readonly entropies: Float32Array
  /** (R), when targets were given. */
  readonly targetLogprobs: Float32Array | null
  /** (R), when targets were given: 1 for the largest logit, of equal ones the lower id. */
  readonly targetRanks: Int32Array | null
  /** (R, vocab), when they were wanted. */
  readonly logits: Float32Array | null
}

export interface SpanResult {
  /** By wanted layer, (T, d_model). */
  readonly residuals: ReadonlyMap<number, Float32Array>
  /** Null without a head. */
  readonly head: HeadResult | null
}

/** As much as two short runs of a model of 1.7 billion parameters take. */
const POOL_LIMIT_BYTES = 160e6

/** Added to scores that must not count; its exponential is 0. */
const MASKED = -1e30

export interface Decoder {
  readonly config: ModelConfig
  /** The state before the first position. */
  newState(): SequenceState
  /** Where sequences take their arrays from. */
  readonly pool: ArrayPool
  /** A state for going through computed positions again, from `rows` on or as close before as `state` allows. */
  replayFrom(state: SequenceState, rows: number): SequenceState
  /** Makes the arrays of another sequence of `rows` positions ahead, one at each step. */
  prepare(rows: number): Generator<void>
  /** Runs the span after the state's first positions, writes its keys and values into it and stages its layers' states, which the caller commits. */
  run(span: Span, state: SequenceState): Promise<SpanResult>
  release(): Promise<void>
}

export function createDecoder(session: Session, config: ModelConfig): Decoder {
  const { layers, dModel, rope } = config
  const memories = layerMemories(config)
  const pool = createArrayPool(POOL_LIMIT_BYTES)

  const stageFlags = (span: Span): boolean[] => {
    const flags = Array.from({ length: layers + 2 }, () => false)
    flags[EMBED_STAGE] = 'tokenIds' in span.input
    for (let layer = span.firstLayer; layer < span.endLayer; layer++) flags[layerStage(layer)] = true
    flags[headStage(layers)] = span.head !== null
    return flags
  }

  const feeds = (span: Span, state: SequenceState): Record<string, Tensor> => {
    const { kv } = state
    const { input, first, count } = span
    const { cos, sin } = ropeRows(rope, first, count)
    const tokenIds = 'tokenIds' in input ? input.tokenIds : []
    const x = 'x' in input ? input.x : new Float32Array(0)
    const result: Record<string, Tensor> = {
      stages: boolTensor(stageFlags(span)),
      token_ids: int64Tensor(tokenIds),
      x: float32Tensor(x, [x.length / dModel, dModel]),
      logit_rows: int64Tensor(span.head?.rows ?? []),
      candidates: int64Tensor([span.head?.candidates ?? 1]),
      targets: int64Tensor(span.head ? (span.head.targets ?? span.head.rows.map(() => 0)) : []),
      cos: float32Tensor(cos, [count, rope.rotaryDim / 2]),
      sin: float32Tensor(sin, [count, rope.rotaryDim / 2]),
      mask: float32Tensor(attentionMask(first, kv.capacity, count), [1, 1, count, kv.capacity + count]),
      split: int64Tensor([kv.capacity, count]),
    }
    memories.forEach((memory, layer) => {
      if (memory.kind === 'keysAndValues') {
        const shape = [memory.kvHeads, 1, kv.capacity, memory.headDim]
        result[pastKey(layer)] = float32Tensor(kv.key(layer), shape)
        result[pastValue(layer)] = float32Tensor(kv.value(layer), shape)
      } else for (const { name, shape } of memory.states) result[pastState(layer, name)] = float32Tensor(state.state(layer, name), shape)
    })
    return result
  }

  return {
    config,
    pool,
    newState: () => SequenceState.empty(memories, pool),
    prepare: (rows) => pool.prepare([...sequenceArrayLengths(memories, rows), ...alwaysKept(layers).map(() => residualArrayLength(rows, dModel))]),
    replayFrom: (state, rows) => state.replayFrom(rows, memories),
    async run(span, state) {
      const { firstLayer, endLayer, first, count } = span
      state.kv.reserve(first + count)
      const outputs = span.residuals.map(residPost)
      for (let layer = firstLayer; layer < endLayer; layer++) if (!state.isReplay || memories[layer]!.kind === 'states') outputs.push(...memoryOutputs(memories[layer]!, layer))
      if (span.head) outputs.push(...headOutputs(span.head))
      const result = await session.run(feeds(span, state), outputs)
      for (let layer = firstLayer; layer < endLayer; layer++) {
        const memory = memories[layer]!
        if (memory.kind === 'keysAndValues') {
          if (!state.isReplay) state.kv.write(layer, float32Data(result[newKey(layer)]), float32Data(result[newValue(layer)]), first, count)
        } else for (const { name } of memory.states) state.stage(layer, name, float32Data(result[newState(layer, name)]))
      }
      return {
        residuals: new Map(span.residuals.map((layer) => [layer, float32Data(result[residPost(layer)])])),
        head: span.head && headResult(span.head, result),
      }
    },
    release: () => session.release(),
  }
}

/** (T, capacity + T): row t sees the first `first` positions of the past and the new ones up to its own. */
function attentionMask(first: number, capacity: number, count: number): Float32Array {
  const width = capacity + count
  const mask = new Float32Array(count * width)
  for (let row = 0; row < count; row++) {
    mask.fill(MASKED, row * width + first, row * width + capacity)
    mask.fill(MASKED, row * width + capacity + row + 1, (row + 1) * width)
  }
  return mask
}

function headOutputs({ targets, wantsLogits }: HeadRequest): string[] {
  return ['top_tokens', 'top_logprobs', 'entropy', ...(targets ? ['target_logprobs', 'target_ranks'] : []), ...(wantsLogits ? ['logits'] : [])]
}

function headResult({ targets, wantsLogits }: HeadRequest, result: Readonly<Record<string, Tensor>>): HeadResult {
  return {
    tokens: int64Data(result['top_tokens']),
    logprobs: float32Data(result['top_logprobs']),
    entropies: float32Data(result['entropy']),
    targetLogprobs: targets && float32Data(result['target_logprobs']),
    targetRanks: targets && int64Data(result['target_ranks']),
    logits: wantsLogits ? float32Data(result['logits']) : null,
  }
}

function memoryOutputs(memory: LayerMemory, layer: number): string[] {
  return memory.kind === 'keysAndValues' ? [newKey(layer), newValue(layer)] : memory.states.map(({ name }) => newState(layer, name))
}
