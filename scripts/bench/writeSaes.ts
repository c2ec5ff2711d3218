// Writes an SAE set of random directions as Qwen-Scope lays it out: config.json and one layer{n}.sae.pt per layer.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchShape } from './modelShape'
import { randomValues } from './randomValues'
import { writeTorchFile } from './torchZip'

/** Into a folder that is there. */
export function writeSaes(folder: string, { model, sae }: BenchShape): void {
  const { dModel } = model
  const { dSae, k } = sae
  // No base_model: it would name a published one, which this is not.
  const config = { model_type: 'topk_sae', d_model: dModel, d_sae: dSae, k, num_layers: model.layers, hook_point: 'resid_post', dtype: 'float32' }
  for (const layer of sae.layers) {
    const W_enc = drawn(`layer${layer}.W_enc`, dSae * dModel, 1 / Math.sqrt(dModel))
    const whole = (values: Float32Array) => () => [values]
    writeTorchFile(join(folder, `layer${layer}.sae.pt`), [
      { name: 'W_enc', shape: [dSae, dModel], parts: whole(W_enc) },
      // A feature writes along the direction that it reads, as trained ones nearly do, so that edits change what is read after them.
      { name: 'W_dec', shape: [dModel, dSae], parts: () => columns(W_enc, dSae, dModel) },
      { name: 'b_enc', shape: [dSae], parts: whole(drawn(`layer${layer}.b_enc`, dSae, 0.01)) },
      { name: 'b_dec', shape: [dModel], parts: whole(drawn(`layer${layer}.b_dec`, dModel, 0.01)) },
    ])
  }
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
}

/** Bytes that `writeSaes` writes, without headers. */
export function saeBytes({ model: { dModel }, sae: { dSae, layers } }: BenchShape): number {
  return layers.length * 4 * (2 * dSae * dModel + dSae + dModel)
}

function drawn(name: string, count: number, deviation: number): Float32Array {
  const values = new Float32Array(count)
  randomValues(name, deviation).fillF32(values)
  return values
}

/** Columns of a row-major matrix (rows, columns), several at a time. */
function* columns(matrix: Float32Array, rows: number, columnCount: number): Iterable<Float32Array> {
  const most = 16
  for (let first = 0; first < columnCount; first += most) {
    const count = Math.min(most, columnCount - first)
    const part = new Float32Array(count * rows)
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < count; i++) part[i * rows + row] = matrix[row * columnCount + first + i]!
    }
    yield part
  }
}
