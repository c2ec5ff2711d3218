// The frame that every decoder graph shares: stages (embedding, layers, head), each of which a run may execute or skip.
//
// Because a run can stop after any layer and another can go on from there, one graph serves plain generation, reading a layer without
// computing the rest, and edits: run to the edited layer, change the residual outside, run on. A skipped layer costs one `If`.
import { newKey, newState, newValue, pastKey, pastState, pastValue, type LayerMemory } from './layerMemory'
import { ELEMENT_TYPE, type Dimension, type ElementType, type GraphWriter } from './onnxWriter'

/** What a decoder graph needs to know about its stages. */
export interface StagesShape {
  readonly dModel: number
  readonly vocabSize: number
  /** Dimensions of a head that are rotated. */
  readonly rotaryDim: number
  /** By layer. */
  readonly memories: readonly LayerMemory[]
}

/** How the stages compute; each adds nodes to the graph it is given, which is a branch of the main graph. */
export interface StageBodies {
  /** `token_ids` (T) → (T, d_model) */
  embed(graph: GraphWriter): string
  /** (T, d_model) → resid_post (T, d_model); must name what the layer remembers `inner(newKey(layer))` and so on, as its memory says. */
  layer(graph: GraphWriter, layer: number, x: string): string
  /** The rows of the final residual whose logits are wanted (R, d_model) → (R, vocab) */
  head(graph: GraphWriter, rows: string): string
}

/** Feeds `stages` (layers + 2): embedding, each layer, head. */
export const EMBED_STAGE = 0
export const layerStage = (layer: number): number => layer + 1
export const headStage = (layers: number): number => layers + 1

export const residPost = (layer: number): string => `resid_post.${layer}`

/**
 * Adds inputs, outputs and stages to `main`.
 *
 * Inputs: `stages` (bool), `token_ids` (T) read by the embedding stage, `x` (T, d_model) read when that stage is skipped, `logit_rows` (R), the
 * number of `candidates` (1) per row and one of the `targets` (R) for each,
 * `cos` and `sin` (T, rotary_dim / 2), `mask` (1, 1, T, P + T), `split` [P, T], and what each layer remembers: the past keys and
 * values (kv_heads, 1, P, head_dim) or its states.
 * Outputs: `resid_post.N` (T, d_model), `new_key.N` and `new_value.N` (kv_heads, 1, T, head_dim) or the new states, `logits` (R, vocab),
 * `top_tokens` and `top_logprobs` (R, candidates), largest logit first and of equal ones the lower id, `entropy` (R, 1) in nats, `target_logprobs`
 * (R, 1) and `target_ranks` (R, 1), 1 for the largest logit; of skipped stages, no rows, except that resid_post of a skipped layer is what arrived there.
 */
export function addStages(main: GraphWriter, shape: StagesShape, bodies: StageBodies): void {
  const { memories, dModel, rotaryDim, vocabSize } = shape
  const layers = memories.length
  main.input('stages', 'bool', [layers + 2])
  main.input('token_ids', 'i64', ['ids'])
  main.input('x', 'f32', ['rows', dModel])
  main.input('logit_rows', 'i64', ['R'])
  main.input('candidates', 'i64', [1])
  main.input('targets', 'i64', ['R'])
  main.input('cos', 'f32', ['T', rotaryDim / 2])
  main.input('sin', 'f32', ['T', rotaryDim / 2])
  main.input('mask', 'f32', [1, 1, 'T', 'PT'])
  main.input('split', 'i64', [2])

  const flags = Array.from({ length: layers + 2 }, (_, stage) => `stage.${stage}`)
  main.node('Split', ['stages'], { axis: 0, num_outputs: layers + 2 }, { outputs: flags })

  let x = conditional(main, flags[EMBED_STAGE]!, [{ name: 'embedded', shape: ['T', dModel] }], (graph) => [bodies.embed(graph)], () => ['x'])

  for (let layer = 0; layer < layers; layer++) {
    const ports = memoryPorts(layer, memories[layer]!)
    for (const { past } of ports) main.input(past.name, 'f32', past.shape)
    const arriving = x
    const outputs: StageOutput[] = [{ name: residPost(layer), shape: ['T', dModel] }, ...ports.map(({ next }) => next)]
    x = conditional(
      main, flags[layerStage(layer)]!, outputs,
      (graph) => [bodies.layer(graph, layer, arriving), ...ports.map(({ next }) => inner(next.name))],
      () => [arriving, ...ports.map(({ none }) => main.constant(`none_${none.join('_')}`, 'f32', none, new Float32Array(0)))],
    )
    for (const output of outputs) main.output(output.name, 'f32', output.shape)
  }

  const last = x
  const predictions: readonly StageOutput[] = [
    { name: 'logits', shape: ['R', vocabSize] },
    { name: 'top_logprobs', shape: ['R', 'C'] },
    { name: 'top_tokens', shape: ['R', 'C'], type: 'i64' },
    { name: 'entropy', shape: ['R', 1] },
    { name: 'target_logprobs', shape: ['R', 1] },
    { name: 'target_ranks', shape: ['R', 1], type: 'i64' },
  ]
  const scalar = (value: number): string => main.constant(`scalar_${value}`, 'i64', [], BigInt64Array.of(BigInt(value)))
  const ids = main.node('Range', [scalar(0), scalar(vocabSize), scalar(1)])
  conditional(
    main, flags[headStage(layers)]!, predictions,
    (graph) => predict(graph, bodies.head(graph, graph.node('Gather', [last, 'logit_rows'], { axis: 0 })), ids),
    () => [
      main.constant('no_logits', 'f32', [0, vocabSize], new Float32Array(0)),
      ...predictions.slice(1).map(({ name, type }) => main.constant(`no_${name}`, type ?? 'f32', [0, 1], type === 'i64' ? new BigInt64Array(0) : new Float32Array(0))),
    ],
  )
  for (const { name, shape, type } of predictions) main.output(name, type ?? 'f32', shape)
}

/** What is made of the logits here, so that a vocabulary of numbers per token need not leave the graph. In the order of the stage's outputs. */
function predict(graph: GraphWriter, logits: string, ids: string): readonly string[] {
  const logprobs = graph.node('LogSoftmax', [logits], { axis: -1 })
  const tokens = graph.freshName('top_tokens')
  graph.node('TopK', [logits, 'candidates'], { axis: -1 }, { outputs: [graph.freshName('top_logits'), tokens] })
  // −Σ p log p
  const entropy = graph.node('Neg', [graph.node('ReduceSum', [graph.node('Mul', [graph.node('Exp', [logprobs]), logprobs]), graph.ints(-1)])])
  const targets = graph.node('Reshape', ['targets', graph.ints(-1, 1)])
  const at = (values: string, indices: string): string => graph.node('GatherElements', [values, indices], { axis: 1 })
  return [logits, at(logprobs, tokens), tokens, entropy, at(logprobs, targets), rankOf(graph, logits, targets, at(logits, targets), ids)]
}

/** 1 + how many logits are greater than the target's, or equal with a lower id. */
function rankOf(graph: GraphWriter, logits: string, targets: string, targetLogits: string, ids: string): string {
  const equalBefore = graph.node('And', [graph.node('Equal', [logits, targetLogits]), graph.node('Less', [ids, targets])])
  const before = graph.node('Or', [graph.node('Greater', [logits, targetLogits]), equalBefore])
  // Sums of ones are exact in float32 up to 2²⁴.
  const count = graph.node('ReduceSum', [graph.node('Cast', [before], { to: ELEMENT_TYPE.f32 }), graph.ints(-1)])
  return graph.node('Add', [graph.node('Cast', [count], { to: ELEMENT_TYPE.i64 }), graph.ints(1)])
}

/** One tensor that a layer remembers by: its input, its output, and the shape of nothing, for when the layer is skipped. */
interface MemoryPort {
  readonly past: StageOutput
  readonly next: StageOutput
  readonly none: readonly number[]
}

function memoryPorts(layer: number, memory: LayerMemory): readonly MemoryPort[] {
  if (memory.kind === 'keysAndValues') {
    const { kvHeads, headDim } = memory
    const port = (past: string, next: string): MemoryPort => ({
      past: { name: past, shape: [kvHeads, 1, 'P', headDim] },
      next: { name: next, shape: [kvHeads, 1, 'T', headDim] },
      none: [kvHeads, 1, 0, headDim],
    })
    return [port(pastKey(layer), newKey(layer)), port(pastValue(layer), newValue(layer))]
  }
  return memory.states.map(({ name, shape: [batch, ...rest] }) => ({
    past: { name: pastState(layer, name), shape: [batch!, ...rest] },
    next: { name: newState(layer, name), shape: ['B', ...rest] },
    none: [0, ...rest],
  }))
}

/** The name that a value which leaves an `If` has inside its branch. */
export const inner = (name: string): string => `${name}.inner`

interface StageOutput {
  readonly name: string
  readonly shape: readonly Dimension[]
  /** Default f32. */
  readonly type?: ElementType
}

/** Adds an `If` whose outputs bear the given names and returns the first; `otherwise` names values from outside to pass on. */
function conditional(
  main: GraphWriter, flag: string, outputs: readonly StageOutput[], then: (graph: GraphWriter) => readonly string[], otherwise: () => readonly string[],
): string {
  const thenBranch = main.branch(main.freshName('run'))
  then(thenBranch).forEach((value, i) => thenBranch.output(value, outputs[i]!.type ?? 'f32', outputs[i]!.shape))
  const elseBranch = main.branch(main.freshName('skip'))
  otherwise().forEach((value, i) => elseBranch.output(elseBranch.node('Identity', [value]), outputs[i]!.type ?? 'f32', outputs[i]!.shape.map((size) => (typeof size === 'string' ? `${size}_skipped` : size))))
  return main.node('If', [flag], { then_branch: thenBranch, else_branch: elseBranch }, { outputs: outputs.map(({ name }) => name) })
}
