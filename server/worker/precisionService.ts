// What the precisions of a model take, cost and keep on disk, for the editor.
import type { Engine, LoadedModel } from '../engine/engine'
import { measurePrecision } from '../engine/precision/measurePrecision'
import { MOST_PRECISION_TOKENS, PRECISION_TEXT } from '../engine/precision/precisionText'
import { byteText } from '../formats/byteText'
import { InputError } from '../protocol/errors'
import type { PrecisionChoices, QuantisedListing, StoredPrecision } from '../protocol/requests'
import type { Precision, PrecisionCost, Progress } from '../protocol/values'
import { keepPrecisionCost } from '../store/precisionCosts'
import type { ModelLocation, ModelService } from './modelService'
import { storedPrecision, type QuantisedStore } from './quantisedStore'

/** What the service is built from; the composition roots and tests decide. */
export interface PrecisionParts {
  /** What `auto` means for a model now. */
  choose(modelPath: string): Promise<Precision>
  /** Reads headers only. */
  choices(location: ModelLocation): Promise<PrecisionChoices>
  readonly store: QuantisedStore
  /** An engine beside the one that runs, for the exact side of a comparison. */
  openExactEngine(): Engine
  log(message: string): void
}

export interface PrecisionService {
  choices(): Promise<PrecisionChoices>
  /** Rejects with InputError while no model at a rounded precision is loaded, CancelledError when the signal aborts. */
  measure(signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<PrecisionCost>
  list(): Promise<QuantisedListing>
  /** Bytes that are free for it. Rejects with InputError for the loaded model's. */
  remove(folders: readonly string[]): Promise<number>
  verify(folder: string, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<boolean>
}

export function createPrecisionService(parts: PrecisionParts, models: ModelService, engine: Engine, locate: () => Promise<ModelLocation>): PrecisionService {
  const { store } = parts
  return {
    choices: async () => parts.choices(await locate()),
    async measure(signal, onProgress) {
      const current = models.current()
      if (!current) throw new InputError('no model is loaded', 'load one first')
      const { loaded, reader } = current
      if (loaded.weightsCache === null) throw new InputError(`precision ${loaded.identity.precision} computes from the stored weights and costs nothing`, 'choose q8 or q4')
      const tokenIds = reader.read('untitled:measure.txt', PRECISION_TEXT).ids.slice(0, MOST_PRECISION_TOKENS)
      const cost = await measurePrecision({ engine, model: loaded, tokenIds }, () => parts.openExactEngine(), onProgress, signal)
      const problem = await keepPrecisionCost(loaded.weightsCache.folder, cost)
      if (problem !== null) parts.log(problem)
      await models.noteCost()
      return cost
    },
    list: () => store.list(),
    async remove(folders) {
      const used = models.current()?.loaded
      if (used?.weightsCache && folders.includes(used.weightsCache.folder)) throw new InputError(`weights of ${used.name} are in use`, 'unload the model first')
      return store.remove(folders)
    },
    async verify(folder, signal, onProgress) {
      const { entries } = await store.list()
      const total = entries.find((entry) => entry.folder === folder)?.bytes ?? 0
      return store.verify(folder, (done) => onProgress({ message: `comparing ${byteText(done)} of ${byteText(total)}`, fraction: total > 0 ? done / total : null }), signal)
    },
  }
}

/** What lies on disk for a loaded model; null for one that computes from the stored weights. */
export async function storedPrecisionOf({ weightsCache, sae }: LoadedModel): Promise<StoredPrecision | null> {
  return weightsCache && storedPrecision(weightsCache, sae?.path ?? null)
}
