// A linear layer whose matrix is rounded to 8 or 4 bits per weight: y = x Wᵀ by MatMulNBits, which also rounds x to 8 bits per block.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
import { blocksPerRow, bytesPerRow, type Quantisation } from '../formats/quantise'
import type { QuantisedMatrix } from '../formats/quantisedLayout'
import type { PrepareLinear } from './linear'
import { MICROSOFT } from './onnxWriter'

/** Rounded matrices by the name of their weight, and the file they lie in, as `WeightSource.location` gives it. */
export interface QuantisedWeights {
  readonly quantisation: Quantisation
  readonly matrices: ReadonlyMap<string, QuantisedMatrix>
  readonly location: string
}

/** Integer products of x and W. The other levels are 10 to 100 times slower at 8 bits. */
const ACCURACY_LEVEL = 4

/** Multiplies by rounded matrices; every name that the graph asks for must be among them. */
export function quantisedLinear({ quantisation, matrices, location }: QuantisedWeights): PrepareLinear {
  const { bits, block } = quantisation
  return (main, _weights, name) => {
    const { rows, columns, codes, scales } = matrices.get(name)!
    const blocks = blocksPerRow(columns, quantisation)
    const inputs = [
      main.external(`${name}.codes`, 'u8', [rows, blocks, bytesPerRow(columns, quantisation) / blocks], { location, ...codes }),
      main.external(`${name}.scales`, 'f32', [rows, blocks], { location, ...scales }),
    ]
    const attributes = { K: columns, N: rows, bits, block_size: block, accuracy_level: ACCURACY_LEVEL }
    return (graph, x) => graph.node('MatMulNBits', [x, ...inputs], attributes, { domain: MICROSOFT })
  }
}
