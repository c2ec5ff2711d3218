// Says when the machine is busy with other things, so that numbers taken meanwhile are not believed.
import { cpus } from 'node:os'
import { setTimeout } from 'node:timers/promises'

/** In cores: an editor and a desktop that idle stay below it. */
const BUSY = 0.3
const LOOK_MS = 2000

/** A sentence to be shown with numbers, or null where nothing else runs. Looks for `ms`, in which the caller should do nothing. */
export async function busyText(ms = LOOK_MS): Promise<string | null> {
  const before = coreTimes()
  await setTimeout(ms)
  const after = coreTimes()
  const share = 1 - (after.idle - before.idle) / (after.all - before.all)
  const cores = share * cpus().length
  return cores <= BUSY ? null : `other programs used ${cores.toFixed(1)} of ${cpus().length} cores before this began: the ratios of the medians say little, those of the best measurements more`
}

function coreTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map(({ times }) => times)
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap((each) => Object.values(each))) }
}
