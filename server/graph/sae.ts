// The encoder of an SAE as a graph: a = activation(h W_encᵀ + b_enc), h = x̂ or x̂ − b_dec, in every form that `SaeLayer` describes.
import type { SaeLayer } from '../formats/saeLayer'
import { isRowMajor, type StoredTensor } from '../formats/tensorEntry'
import { InputError } from '../protocol/errors'
import { ELEMENT_TYPE, GraphWriter } from './onnxWriter'
import { float32Weight, type WeightSource } from './weights'

/** Location of each file relative to the session's base folder. */
type Locate = WeightSource['location']

/** Whether the graph has the input `norms` (d_sae), the lengths of the decoder's columns. */
export const needsDecoderNorms = ({ decoderNorm }: SaeLayer): boolean => decoderNorm !== 'ignored'

/**
 * The encoder's bytes: `x` (T, d_model), already scaled, → `activations` (T, n), highest first and 0 where fewer are active, and `features`
 * (T, n), their indices. n is k for top-k; else the number of active features of the token that has most.
 */
export function saeEncoderGraph(sae: SaeLayer, location: Locate): Uint8Array {
  const main = new GraphWriter('sae')
  const weights = sourceOf(sae, location)
  const [dSae, dModel] = [sae.W_enc.shape[0]!, sae.W_enc.shape[1]!]
  // A threshold may be one number for all features.
  const vector = (name: string): string => float32Weight(main, weights, name, [weights.tensor(name).shape[0] ?? 1])
  main.input('x', 'f32', ['T', dModel])
  const norms = needsDecoderNorms(sae) ? main.input('norms', 'f32', [dSae]) : null

  const h = sae.input.subtractsDecoderBias && sae.b_dec ? main.node('Sub', ['x', float32Weight(main, weights, 'b_dec', [dModel])]) : 'x'
  const { weight, transposed } = matrix(main, weights, 'W_enc')
  const bias = sae.b_enc ? [vector('b_enc')] : []
  const pre = main.node('Gemm', [h, weight, ...bias], { transB: transposed ? 0 : 1 })
  const outputs = { outputs: ['activations', 'features'] }
  const { activation } = sae
  if (activation.kind === 'topk') {
    const positive = scaleBy(main, main.node('Relu', [pre]), sae.decoderNorm === 'folded' ? norms : null)
    const k = main.ints(Math.min(activation.k, dSae))
    if (sae.decoderNorm === 'gates') strongestOfChosen(main, positive, norms!, k)
    else main.node('TopK', [positive, k], { axis: -1 }, outputs)
  } else {
    const active = scaleBy(main, activate(main, sae, pre, norms, vector), sae.decoderNorm === 'folded' ? norms : null)
    main.node('TopK', [active, greatestCount(main, active)], { axis: -1 }, outputs)
  }
  main.output('activations', 'f32', ['T', 'n'])
  main.output('features', 'i64', ['T', 'n'])
  return main.modelBytes()
}

/** What is left of `pre` (T, d_sae) by an activation without a limit. */
function activate(graph: GraphWriter, { activation, decoderNorm }: SaeLayer, pre: string, norms: string | null, vector: (name: string) => string): string {
  const zero = graph.constant('zero', 'f32', [], Float32Array.of(0))
  const where = (condition: string, values: string): string => graph.node('Where', [condition, values, zero])
  switch (activation.kind) {
    case 'relu':
    case 'topk':
      return graph.node('Relu', [pre])
    case 'jumprelu': {
      const { threshold } = activation
      const stored = typeof threshold === 'number' ? graph.constant('threshold', 'f32', [], Float32Array.of(threshold)) : vector('threshold')
      const compared = decoderNorm === 'gates' ? scaleBy(graph, pre, norms) : pre
      const isAbove = graph.node('Greater', [compared, activation.isLog ? graph.node('Exp', [stored]) : stored])
      return where(isAbove, graph.node('Relu', [pre]))
    }
    case 'gated': {
      const isOpen = graph.node('Greater', [graph.node('Add', [pre, vector('b_gate')]), zero])
      const magnitude = graph.node('Add', [graph.node('Mul', [pre, graph.node('Exp', [vector('r_mag')])]), vector('b_mag')])
      return where(isOpen, graph.node('Relu', [magnitude]))
    }
  }
}

/** The k that are strongest after scaling, with their own activations, sorted by those. */
function strongestOfChosen(graph: GraphWriter, positive: string, norms: string, k: string): void {
  const chosen = graph.freshName('chosen')
  graph.node('TopK', [scaleBy(graph, positive, norms), k], { axis: -1 }, { outputs: [graph.freshName('gated'), chosen] })
  const order = graph.freshName('order')
  graph.node('TopK', [graph.node('GatherElements', [positive, chosen], { axis: 1 }), k], { axis: -1 }, { outputs: ['activations', order] })
  graph.node('GatherElements', [chosen, order], { axis: 1 }, { outputs: ['features'] })
}

/** The greatest number of values above 0 in a row, at least 1. */
function greatestCount(graph: GraphWriter, active: string): string {
  const counts = graph.node('ReduceSum', [graph.node('Sign', [active]), graph.ints(1)], { keepdims: 0 })
  const most = graph.node('ReduceMax', [counts, graph.ints(0)], { keepdims: 1 })
  return graph.node('Cast', [graph.node('Max', [most, graph.constant('one', 'f32', [], Float32Array.of(1))])], { to: ELEMENT_TYPE.i64 })
}

const scaleBy = (graph: GraphWriter, values: string, norms: string | null): string => (norms === null ? values : graph.node('Mul', [values, norms]))

/** The tensors of an SAE by the names that its graphs use. */
export function sourceOf(sae: SaeLayer, location: Locate): WeightSource {
  const { activation } = sae
  const threshold = activation.kind === 'jumprelu' && typeof activation.threshold !== 'number' ? { threshold: activation.threshold } : {}
  const gate = activation.kind === 'gated' ? { b_gate: activation.b_gate, b_mag: activation.b_mag, r_mag: activation.r_mag } : {}
  const tensors: Readonly<Record<string, StoredTensor | null>> = { W_enc: sae.W_enc, b_enc: sae.b_enc, W_dec: sae.W_dec, b_dec: sae.b_dec, ...threshold, ...gate }
  return { tensor: (name) => tensors[name]!, location }
}

/** A matrix as float32, in the order in which it lies in its file. Throws InputError for strides that are neither order. */
export function matrix(main: GraphWriter, weights: WeightSource, name: string): { readonly weight: string; readonly transposed: boolean } {
  const tensor = weights.tensor(name)
  const transposed = isStoredTransposed(tensor)
  const [rows, columns] = [tensor.shape[0]!, tensor.shape[1]!]
  return { weight: float32Weight(main, weights, name, transposed ? [columns, rows] : [rows, columns]), transposed }
}

/** True for the layout that `tensor.T` leaves behind. */
function isStoredTransposed(tensor: StoredTensor): boolean {
  if (isRowMajor(tensor)) return false
  if (tensor.stride[0] === 1 && tensor.stride[1] === tensor.shape[0]) return true
  throw new InputError(`${tensor.file} tensor "${tensor.name}" has the strides [${tensor.stride.join(', ')}], which are not supported`, 'save it with contiguous()')
}
