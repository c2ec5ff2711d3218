// Reads what scripts/goldens/ wrote: checkpoint and SAE folders, cases, and their vectors.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withFile } from '../../server/checkpoint/fileSource'
import { readSafetensors } from '../../server/formats/safetensors'
import type { Edit } from '../../server/protocol/values'

/** Every recorded checkpoint. */
export const GOLDEN_MODELS = readdirSync(import.meta.dirname).filter((name) => existsSync(join(import.meta.dirname, name, 'cases.json')))

export interface GoldenCase {
  /** Prompt length and what is edited: `70/suppress`. */
  readonly name: string
  readonly promptLength: number
  /** Prompt and greedy continuation. */
  readonly ids: readonly number[]
  /** Per generated token, how far the likeliest logit was above the second. */
  readonly gaps: readonly number[]
  readonly edits: readonly Edit[]
  /** Positions whose residuals and features, and whose logits, were recorded. */
  readonly rows: readonly number[]
  readonly logitRows: readonly number[]
}

export interface Golden {
  readonly modelPath: string
  readonly saePath: string
  readonly saeLayers: readonly number[]
  readonly cases: readonly GoldenCase[]
  /** The recorded numbers of one tensor of a case, row-major. */
  vector(caseName: string, tensor: string): number[]
}

export async function readGolden(model: string): Promise<Golden> {
  const folder = join(import.meta.dirname, model)
  const document = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { saeLayers: number[]; cases: GoldenCase[] }
  const vectors = new Map<string, number[]>()
  await withFile(join(folder, 'vectors.safetensors'), 'record the goldens again', async (source) => {
    for (const tensor of (await readSafetensors(source)).tensors.values()) {
      const { buffer } = Uint8Array.from(await source.read(tensor.offset, tensor.length))
      vectors.set(tensor.name, Array.from(tensor.dtype === 'I16' ? new Int16Array(buffer) : new Float32Array(buffer)))
    }
  })
  return {
    modelPath: join(folder, 'model'),
    saePath: join(folder, 'sae'),
    ...document,
    vector(caseName, tensor) {
      const values = vectors.get(`${caseName}/${tensor}`)
      if (!values) throw new Error(`no recorded vector ${caseName}/${tensor}`)
      return values
    },
  }
}
