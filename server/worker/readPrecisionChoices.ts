// Gathers what is known of each precision of a model without loading it: memory, disk, what was written and what it cost.
import { memoryNow, thisMachine } from '../checkpoint/machine'
import { openCheckpoint } from '../checkpoint/openCheckpoint'
import { openSaeSet } from '../checkpoint/openSaeSet'
import { choosePrecision, precisionFits } from '../checkpoint/precisionFit'
import type { PrecisionChoices } from '../protocol/requests'
import type { ModelLocation } from './modelService'
import type { QuantisedStore } from './quantisedStore'

/** Throws InputError when the model cannot be opened. */
export async function readPrecisionChoices({ modelPath, saePath }: ModelLocation, store: QuantisedStore): Promise<PrecisionChoices> {
  const checkpoint = await openCheckpoint(modelPath)
  // A set that cannot be opened is named when it is loaded.
  const sae = saePath === null ? null : await openSaeSet(saePath).catch(() => null)
  const [machine, memory, freeDiskBytes] = await Promise.all([thisMachine(), memoryNow(), store.freeBytes()])
  return {
    model: checkpoint.name,
    fits: await store.withStored(checkpoint, sae?.path ?? null, precisionFits(checkpoint, machine, sae)),
    auto: choosePrecision(checkpoint, memory.availableBytes),
    freeBytes: memory.availableBytes,
    freeDiskBytes,
  }
}
