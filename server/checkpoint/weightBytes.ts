// What the weights of a model take at each precision, in memory and on disk, counted matrix by matrix from its configuration.
import type { ModelConfig } from '../formats/modelConfig'
import { modelTensors } from '../formats/modelTensors'
import { blockOf, blocksPerRow, bytesPerRow, QUANTISATIONS } from '../formats/quantise'
import type { Precision } from '../protocol/values'

export interface WeightBytes {
  /** As the runtime keeps them. */
  readonly memory: number
  /** Of the file that is written once; 0 where the stored weights are used. */
  readonly file: number
  readonly parameters: number
}

/** Embeddings are looked up in the checkpoint's own file, whose pages the system may take back; the head is computed with, tied or not. */
export function weightBytes(config: ModelConfig, precision: Precision): WeightBytes {
  let memory = 0
  let file = 0
  let parameters = 0
  for (const [name, shape] of modelTensors(config)) {
    if (name.endsWith('embed_tokens.weight') && !config.tiedEmbeddings) continue
    const count = shape.reduce((product, size) => product * size, 1)
    const rounded = precision === 'exact' || shape.length !== 2 ? null : roundedBytes(name, shape[0]!, shape[1]!, precision)
    parameters += count
    memory += rounded?.memory ?? 4 * count
    file += rounded?.file ?? 0
  }
  return { memory, file, parameters }
}

/** Codes and a float32 scale for each block; in memory the sum of each block is another. */
function roundedBytes(name: string, rows: number, columns: number, precision: keyof typeof QUANTISATIONS): Pick<WeightBytes, 'memory' | 'file'> {
  const quantisation = { bits: QUANTISATIONS[precision].bits, block: blockOf(precision, name) }
  const codes = rows * bytesPerRow(columns, quantisation)
  const scales = rows * blocksPerRow(columns, quantisation) * 4
  return { memory: codes + 2 * scales, file: codes + scales }
}
