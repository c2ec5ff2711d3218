// Which files a model's weights are read from at a precision, and how its graph multiplies by them.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Checkpoint } from '../../checkpoint/checkpoint'
import { quantisedWeights, userQuantisedCache } from '../../checkpoint/quantisedCache'
import { ROUNDING_HERE, startRounding } from '../../checkpoint/roundingThreads'
import { exactLinear, type PrepareLinear } from '../../graph/linear'
import { linearMatrices } from '../../graph/linearMatrices'
import { quantisedLinear } from '../../graph/quantisedLinear'
import type { Precision } from '../../protocol/values'
import type { LoadedModel } from '../engine'

/** The bundled rounding thread, beside the bundled engine; not there where the sources run as they are. */
const ROUNDING_THREAD = join(__dirname, 'rounding.js')

export interface ModelWeights {
  /** Every file that the graph reads; real, absolute paths. */
  readonly files: readonly string[]
  /** `location` gives a file's path as the session is to know it. */
  readonly linear: (location: (file: string) => string) => PrepareLinear
  readonly cache: LoadedModel['weightsCache']
}

/** Has the weights rounded where the precision asks for it and they are not yet; `onBytes` is told of that only. Rejects as `quantisedWeights` does. */
export async function modelWeights(checkpoint: Checkpoint, precision: Precision, threads: number, onBytes: (done: number, total: number) => void, signal: AbortSignal): Promise<ModelWeights> {
  const { config, tensors } = checkpoint
  const stored = [...new Set(Array.from(tensors.values(), ({ file }) => file))]
  if (precision === 'exact') return { files: stored, linear: () => exactLinear, cache: null }
  const groups = linearMatrices(config, { tensor: (name) => tensors.get(name)!, location: (file) => file })
  const cache = userQuantisedCache(() => (existsSync(ROUNDING_THREAD) ? startRounding(ROUNDING_THREAD, threads) : ROUNDING_HERE))
  const { file, layout, isNew } = await quantisedWeights(checkpoint, groups, precision, cache, onBytes, signal)
  return {
    files: [...stored, file],
    linear: (location) => quantisedLinear(layout, location(file)),
    cache: { folder: dirname(file), bytes: layout.fileBytes, written: isNew },
  }
}
