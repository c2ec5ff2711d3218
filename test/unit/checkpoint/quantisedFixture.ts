// A small model to round and a cache of the test's own to keep it in.
import { join } from 'node:path'
import type { Checkpoint } from '../../../server/checkpoint/checkpoint'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { quantisedWeights, type QuantisedCache } from '../../../server/checkpoint/quantisedCache'
import { ROUNDING_HERE, type Rounding } from '../../../server/checkpoint/roundingThreads'
import { newFolder, TINY_CONFIG, writeModel } from './tinyFolders'

export const NEVER = new AbortController().signal

/** Of the tiny model; seven matrices, each one piece. */
export const MATRICES = ['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name) => `model.layers.0.self_attn.${name}.weight`).concat(['gate', 'up', 'down'].map((name) => `model.layers.1.mlp.${name}_proj.weight`))

/** One of them for itself, as if two multiplied the same input, and so on. */
export const GROUPS = [MATRICES.slice(0, 1), MATRICES.slice(1, 3), MATRICES.slice(3)].flatMap((group) => (group.length < 3 ? [group] : group.map((name) => [name])))

export interface Fixture {
  readonly folder: string
  readonly model: Checkpoint
  readonly cache: QuantisedCache
}

export async function newFixture(parts: Partial<QuantisedCache> = {}): Promise<Fixture> {
  const folder = await newFolder()
  const path = join(folder, 'tiny')
  await writeModel(path, TINY_CONFIG, 2)
  return { folder, model: await openCheckpoint(path), cache: { folder: join(folder, 'cache'), freeBytes: async () => 1e12, startRounding: () => ROUNDING_HERE, ...parts } }
}

/** Has the tiny model's matrices rounded. */
export function round({ model, cache }: Fixture, { precision = 'q8', onBytes = () => {}, signal = NEVER }: { precision?: 'q8' | 'q4'; onBytes?: (done: number, total: number) => void; signal?: AbortSignal } = {}) {
  return quantisedWeights(model, GROUPS, precision, cache, onBytes, signal)
}

/** Rounds one piece after the other in this thread, and calls `before` with the number of each. */
export function roundingOneByOne(before: (piece: number) => void | Promise<void>): Rounding & { readonly pieces: () => number } {
  let pieces = 0
  return {
    ...ROUNDING_HERE,
    lanes: 1,
    pieces: () => pieces,
    async round(job) {
      await before(pieces++)
      return ROUNDING_HERE.round(job)
    },
  }
}
