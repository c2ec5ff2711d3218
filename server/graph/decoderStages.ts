// The frame that every decoder graph shares: stages (embedding, layers, head), each of which a run may execute or skip.
//
// Because a run can stop after any layer and another can go on from there, one graph serves plain generation, reading a layer without
// computing the rest, and edits: run to the edited layer, change the residual outside, run on. A skipped layer costs one `If`.
import { newKey, newValue, pastKey, pastValue } from './layerMemory'
import type { GraphWriter, Dimension } from './onnxWriter'

/** What a decoder graph needs to know about its stages. */
export interface StagesShape {
  readonly layers: number
  readonly dModel: number
  readonly kvHeads: number
  readonly headDim: number
  readonly vocabSize: number
}

/** How the stages compute; each adds nodes to the graph it is given, which is a branch of the main graph. */
export interface StageBodies {
  /** `token_ids` (T) → (T, d_model) */
  embed(graph: GraphWriter): string
  /** (T, d_model) → resid_post (T, d_model); must name the new key and value rows as `newKey` and `newValue` say. */
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
 * Inputs: `stages` (bool), `token_ids` (T) read by the embedding stage, `x` (T, d_model) read when that stage is skipped, `logit_rows` (R),
 * `cos` and `sin` (T, head_dim / 2), `past_mask`, `new_mask`, `split`, and the past of each layer (1, kv_heads, P, head_dim).
 * Outputs: `resid_post.N` (T, d_model), `new_key.N` and `new_value.N` (1, kv_heads, T, head_dim), `logits` (R, vocab); of skipped stages, no rows,
 * except that resid_post of a skipped layer is what arrived there.
 */
export function addStages(main: GraphWriter, shape: StagesShape, bodies: StageBodies): void {
  const { layers, dModel, kvHeads, headDim, vocabSize } = shape
  main.input('stages', 'bool', [layers + 2])
  main.input('token_ids', 'i64', ['ids'])
  main.input('x', 'f32', ['rows', dModel])
  main.input('logit_rows', 'i64', ['R'])
  main.input('cos', 'f32', ['T', headDim / 2])
  main.input('sin', 'f32', ['T', headDim / 2])
  main.input('past_mask', 'f32', [1, 1, 1, 'P'])
  main.input('new_mask', 'f32', [1, 1, 'GT', 'T'])
  main.input('split', 'i64', [2])

  const flags = Array.from({ length: layers + 2 }, (_, stage) => `stage.${stage}`)
  main.node('Split', ['stages'], { axis: 0, num_outputs: layers + 2 }, { outputs: flags })

  let x = conditional(main, flags[EMBED_STAGE]!, [{ name: 'embedded', shape: ['T', dModel] }], (graph) => [bodies.embed(graph)], () => ['x'])

  for (let layer = 0; layer < layers; layer++) {
    const kv: readonly Dimension[] = [1, kvHeads, 'T', headDim]
    main.input(pastKey(layer), 'f32', [1, kvHeads, 'P', headDim])
    main.input(pastValue(layer), 'f32', [1, kvHeads, 'P', headDim])
    const arriving = x
    const outputs: StageOutput[] = [
      { name: residPost(layer), shape: ['T', dModel] },
      { name: newKey(layer), shape: kv },
      { name: newValue(layer), shape: kv },
    ]
    const noRows = main.constant('no_kv_rows', 'f32', [1, kvHeads, 0, headDim], new Float32Array(0))
    x = conditional(
      main, flags[layerStage(layer)]!, outputs,
      (graph) => [bodies.layer(graph, layer, arriving), inner(newKey(layer)), inner(newValue(layer))],
      () => [arriving, noRows, noRows],
    )
    for (const output of outputs) main.output(output.name, 'f32', output.shape)
  }

  const noLogits = main.constant('no_logits', 'f32', [0, vocabSize], new Float32Array(0))
  const last = x
  const logits: StageOutput = { name: 'logits', shape: ['R', vocabSize] }
  conditional(main, flags[headStage(layers)]!, [logits], (graph) => [bodies.head(graph, graph.node('Gather', [last, 'logit_rows'], { axis: 0 }))], () => [noLogits])
  main.output(logits.name, 'f32', logits.shape)
}

/** The name that a value which leaves an `If` has inside its branch. */
export const inner = (name: string): string => `${name}.inner`

interface StageOutput {
  readonly name: string
  readonly shape: readonly Dimension[]
}

/** Adds an `If` whose outputs bear the given names and returns the first; `otherwise` names values from outside to pass on. */
function conditional(
  main: GraphWriter, flag: string, outputs: readonly StageOutput[], then: (graph: GraphWriter) => readonly string[], otherwise: () => readonly string[],
): string {
  const thenBranch = main.branch(main.freshName('run'))
  then(thenBranch).forEach((value, i) => thenBranch.output(value, 'f32', outputs[i]!.shape))
  const elseBranch = main.branch(main.freshName('skip'))
  otherwise().forEach((value, i) => elseBranch.output(elseBranch.node('Identity', [value]), 'f32', outputs[i]!.shape.map((size) => (typeof size === 'string' ? `${size}_skipped` : size))))
  return main.node('If', [flag], { then_branch: thenBranch, else_branch: elseBranch }, { outputs: outputs.map(({ name }) => name) })
}
