// The quantised weights on disk as people see them: entries with what they were found to cost, for the command line and the editor alike.
import { dirname } from 'node:path'
import type { Checkpoint } from '../checkpoint/checkpoint'
import { openCheckpoint } from '../checkpoint/openCheckpoint'
import { userQuantisedCache } from '../checkpoint/quantisedCache'
import { findQuantised, listQuantised, removeQuantised, trimQuantised, verifyQuantised } from '../checkpoint/quantisedEntries'
import type { ModelListing, PrecisionFit, QuantisedListing, StoredPrecision } from '../protocol/requests'
import type { PrecisionCost } from '../protocol/values'
import { readPrecisionCost } from '../store/precisionCosts'

export interface QuantisedStore {
  list(): Promise<QuantisedListing>
  /** Bytes that are free for it. */
  remove(folders: readonly string[]): Promise<number>
  /** False for one that is damaged; `onBytes` is told how far it is. Rejects with CancelledError. */
  verify(folder: string, onBytes: (done: number) => void, signal: AbortSignal): Promise<boolean>
  /** Deletes entries, those unused for longest first, until the others take no more than `limitBytes`; `keep` stays. */
  trim(limitBytes: number, keep: string | null): Promise<void>
  /** The fits with what lies on disk for each. */
  withStored(checkpoint: Checkpoint, sae: string | null, fits: readonly PrecisionFit[]): Promise<PrecisionFit[]>
  /** The same for models that were found, with the SAE set that belongs to each. */
  listingsWithStored(listings: readonly ModelListing[]): Promise<ModelListing[]>
  /** Room on the disk. */
  freeBytes(): Promise<number>
}

export function createQuantisedStore(cache = userQuantisedCache()): QuantisedStore {
  const withStored: QuantisedStore['withStored'] = (checkpoint, sae, fits) =>
    Promise.all(fits.map(async (fit) => {
      const found = fit.precision === 'exact' ? null : await findQuantised(checkpoint, fit.precision, cache)
      return { ...fit, stored: found && (await storedPrecision(found, sae)) }
    }))
  return {
    async list() {
      const found = await listQuantised(cache)
      return { folder: cache.folder, entries: await Promise.all(found.map(async (entry) => ({ ...entry, lastUsed: entry.lastUsed.toISOString(), cost: await readPrecisionCost(entry.folder) }))) }
    },
    freeBytes: () => freeBytesOf(cache.folder, cache.freeBytes),
    async listingsWithStored(listings) {
      const there = new Set((await listQuantised(cache)).map(({ model }) => model))
      return Promise.all(listings.map(async (listing) => {
        if (listing.problem !== null || !there.has(listing.path)) return listing
        const sae = listing.saeSets.find(({ pairing }) => pairing === 'match' || pairing === 'transfer')
        return { ...listing, precisions: await withStored(await openCheckpoint(listing.path), sae?.path ?? null, listing.precisions) }
      }))
    },
    withStored,
    async remove(folders) {
      let bytes = 0
      for (const folder of folders) bytes += await removeQuantised(cache, folder)
      return bytes
    },
    trim: (limitBytes, keep) => trimQuantised(cache, limitBytes, keep),
    verify: (folder, onBytes, signal) => verifyQuantised(folder, onBytes, signal),
  }
}

/** Of the folder, or of the first above it that exists already. */
async function freeBytesOf(folder: string, ask: (folder: string) => Promise<number>): Promise<number> {
  return ask(folder).catch((error: unknown) => {
    if (dirname(folder) === folder) throw error
    return freeBytesOf(dirname(folder), ask)
  })
}

/** What is known of the weights in a folder, with the costs that were measured with this SAE set, or with none. */
export async function storedPrecision({ folder, bytes }: { readonly folder: string; readonly bytes: number }, sae: string | null): Promise<StoredPrecision> {
  return { bytes, cost: await currentCost(folder, sae) }
}

/** Null when nothing was measured, or with another SAE set. */
export async function currentCost(folder: string, sae: string | null): Promise<PrecisionCost | null> {
  const cost = await readPrecisionCost(folder)
  return cost?.sae === sae ? cost : null
}
