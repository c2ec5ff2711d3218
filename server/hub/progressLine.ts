// How a download stands in one line: bytes, rate and time left, as far as they are known.
import { inUnits } from './downloadPlan'
import type { DownloadProgress } from './downloadPlanned'

export interface RateMeter {
  /** Bytes on disk at a moment in milliseconds; answers with bytes per second, null until it can be told. */
  note(bytes: number, now: number): number | null
}

/** Seconds over which the rate is taken. */
const WINDOW_MS = 10_000

export function createRateMeter(startBytes: number): RateMeter {
  let points: { readonly bytes: number; readonly at: number }[] = []
  let last = startBytes
  return {
    note(bytes, now) {
      // Files that were there already and tries that began anew are no transfer.
      if (bytes < last) points = []
      last = bytes
      points = [...points.filter(({ at }) => now - at <= WINDOW_MS), { bytes, at: now }]
      const first = points[0]!
      const elapsed = now - first.at
      return elapsed < 500 ? null : ((bytes - first.bytes) / elapsed) * 1000
    },
  }
}

/** `model-00001-of-00002.safetensors: 1.2 GB of 4.1 GB (29 %), 35 MB/s, 1 min 23 s left`. */
export function progressLine({ path, bytes, totalBytes, note }: DownloadProgress, rate: number | null): string {
  const share = totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100)
  const parts = [`${path}: ${inUnits(bytes)} of ${inUnits(totalBytes)} (${share} %)`]
  if (note !== null) parts.push(note)
  else if (rate !== null && rate > 0) parts.push(`${inUnits(rate)}/s`, `${durationText((totalBytes - bytes) / rate)} left`)
  return parts.join(', ')
}

function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`
}
