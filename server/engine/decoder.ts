// The loaded decoder: runs a span of its stages over some positions, and keeps their keys and values.
import { EMBED_STAGE, headStage, layerStage, residPost } from '../graph/decoderStages'
import { newKey, newValue, pastKey, pastValue } from '../graph/layerMemory'
import { ropeRows } from '../graph/rope'
import type { ModelConfig } from '../formats/modelConfig'
import type { KvCache } from './kvCache'
import { boolTensor, float32Data, float32Tensor, int64Tensor, type Session, type Tensor } from './onnx'

/** Which stages to run over which positions. */
export interface Span {
  /** Token ids to start from the embedding, or the residual (T, d_model) that enters `firstLayer`. */
  readonly input: { readonly tokenIds: readonly number[] } | { readonly x: Float32Array }
  /** Layers firstLayer … endLayer − 1 are run. */
  readonly firstLayer: number
  readonly endLayer: number
  /** Whether the head follows; its logits cover all T positions. */
  readonly head: boolean
  /** Layers of the span whose resid_post is wanted. */
  readonly residuals: readonly number[]
  /** Positions first … first + count − 1. */
  readonly first: number
  readonly count: number
}

export interface SpanResult {
  /** By wanted layer, (T, d_model). */
  readonly residuals: ReadonlyMap<number, Float32Array>
  /** (T, vocab), or null without the head. */
  readonly logits: Float32Array | null
}

/** Added to scores that must not count; its exponential is 0. */
const MASKED = -1e30

export interface Decoder {
  readonly config: ModelConfig
  /** Runs the span after `kv`'s first positions and writes its own keys and values into `kv`. */
  run(span: Span, kv: KvCache): Promise<SpanResult>
  release(): Promise<void>
}

export function createDecoder(session: Session, config: ModelConfig): Decoder {
  const { layers, dModel, heads, kvHeads, headDim } = config
  const newMasks = new Map<number, Tensor>()

  const stageFlags = (span: Span): boolean[] => {
    const flags = Array.from({ length: layers + 2 }, () => false)
    flags[EMBED_STAGE] = 'tokenIds' in span.input
    for (let layer = span.firstLayer; layer < span.endLayer; layer++) flags[layerStage(layer)] = true
    flags[headStage(layers)] = span.head
    return flags
  }

  const feeds = (span: Span, kv: KvCache): Record<string, Tensor> => {
    const { input, first, count } = span
    const { cos, sin } = ropeRows(config.rope, first, count)
    const tokenIds = 'tokenIds' in input ? input.tokenIds : []
    const x = 'x' in input ? input.x : new Float32Array(0)
    const result: Record<string, Tensor> = {
      stages: boolTensor(stageFlags(span)),
      token_ids: int64Tensor(tokenIds),
      x: float32Tensor(x, [x.length / dModel, dModel]),
      logit_rows: int64Tensor(span.head ? Array.from({ length: count }, (_, row) => row) : []),
      cos: float32Tensor(cos, [count, headDim / 2]),
      sin: float32Tensor(sin, [count, headDim / 2]),
      past_mask: float32Tensor(new Float32Array(kv.capacity).fill(MASKED, first), [1, 1, 1, kv.capacity]),
      new_mask: newMask(count),
      split: int64Tensor([kv.capacity, count]),
    }
    const kvShape = [1, kvHeads, kv.capacity, headDim]
    for (let layer = 0; layer < layers; layer++) {
      result[pastKey(layer)] = float32Tensor(kv.key(layer), kvShape)
      result[pastValue(layer)] = float32Tensor(kv.value(layer), kvShape)
    }
    return result
  }

  /** Causal mask (1, 1, G·T, T) among the new positions: row g·T + t sees columns 0 … t. */
  const newMask = (count: number): Tensor => {
    let mask = newMasks.get(count)
    if (!mask) {
      const rows = (heads / kvHeads) * count
      const values = new Float32Array(rows * count)
      for (let row = 0; row < rows; row++) values.fill(MASKED, row * count + (row % count) + 1, (row + 1) * count)
      mask = float32Tensor(values, [1, 1, rows, count])
      newMasks.set(count, mask)
    }
    return mask
  }

  return {
    config,
    async run(span, kv) {
      const { firstLayer, endLayer, first, count } = span
      kv.reserve(first + count)
      const outputs = span.residuals.map(residPost)
      for (let layer = firstLayer; layer < endLayer; layer++) outputs.push(newKey(layer), newValue(layer))
      if (span.head) outputs.push('logits')
      const result = await session.run(feeds(span, kv), outputs)
      for (let layer = firstLayer; layer < endLayer; layer++) {
        kv.write(layer, float32Data(result[newKey(layer)]), float32Data(result[newValue(layer)]), first, count)
      }
      return {
        residuals: new Map(span.residuals.map((layer) => [layer, float32Data(result[residPost(layer)])])),
        logits: span.head ? float32Data(result['logits']) : null,
      }
    },
    release: () => session.release(),
  }
}
