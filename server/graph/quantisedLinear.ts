// Linear layers whose matrices are rounded to 8 or 4 bits per weight: y = x Wᵀ by MatMulNBits, which also rounds x to 8 bits per block.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
import { blocksPerRow, bytesPerRow } from '../formats/quantise'
import type { QuantisedLayout, QuantisedMatrix } from '../formats/quantisedLayout'
import type { PrepareLinear } from './linear'
import { MICROSOFT, type GraphWriter } from './onnxWriter'

/** Integer products of x and W. The other levels are 10 to 100 times slower at 8 bits. */
const ACCURACY_LEVEL = 4

/**
 * Multiplies by the matrices of a file that lies at `location`, as `WeightSource.location` gives it; every name that the graph asks for must be
 * among them. Those of a group are one product: x is rounded once, and threads are woken once.
 */
export function quantisedLinear(layout: QuantisedLayout, location: string): PrepareLinear {
  const products = new Map(layout.groups.flatMap((group) => {
    const multiply = groupProduct(layout, group, location)
    return group.map(({ name }, i) => [name, (main: GraphWriter, graph: GraphWriter, x: string) => multiply(main, graph, x)[i]!] as const)
  }))
  return (main, _weights, name) => {
    const product = products.get(name)!
    return (graph, x) => product(main, graph, x)
  }
}

/** x (T, columns) → (T, rows) for each matrix of the group. Asked again for the same input, it gives the same values. */
function groupProduct({ bits }: QuantisedLayout, group: readonly QuantisedMatrix[], location: string): (main: GraphWriter, graph: GraphWriter, x: string) => readonly string[] {
  const made = new Map<GraphWriter, Map<string, readonly string[]>>()
  const { name, columns, block, codes, scales } = group[0]!
  const rows = group.reduce((sum, matrix) => sum + matrix.rows, 0)
  const blocks = blocksPerRow(columns, { bits, block })
  const rowBytes = bytesPerRow(columns, { bits, block })
  const attributes = { K: columns, N: rows, bits, block_size: block, accuracy_level: ACCURACY_LEVEL }

  return (main, graph, x) => {
    const here = made.get(graph) ?? new Map<string, readonly string[]>()
    made.set(graph, here)
    const before = here.get(x)
    if (before) return before
    const weights = [
      main.external(`${name}.codes`, 'u8', [rows, blocks, rowBytes / blocks], { location, offset: codes.offset, length: rows * rowBytes }),
      main.external(`${name}.scales`, 'f32', [rows, blocks], { location, offset: scales.offset, length: rows * blocks * 4 }),
    ]
    const joined = graph.node('MatMulNBits', [x, ...weights], attributes, { domain: MICROSOFT })
    const parts = group.length === 1 ? [joined] : group.map((matrix) => graph.freshName(matrix.name))
    if (group.length > 1) graph.node('Split', [joined, graph.ints(...group.map((matrix) => matrix.rows))], { axis: -1 }, { outputs: parts })
    here.set(x, parts)
    return parts
  }
}
