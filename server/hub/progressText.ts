// How a download stands in one line, a few times a second: bytes, rate and time left, as far as they are known.
import { byteText } from '../formats/byteText'
import type { DownloadProgress } from './downloadPlanned'

/** Milliseconds between two lines, and over which the rate is taken. */
const EVERY_MS = 200
const WINDOW_MS = 10_000
/** A rate over less than this says nothing. */
const LEAST_MS = 500

/** Answers with a line such as `model.safetensors: 1.2 GB of 4.1 GB (29 %), 35 MB/s, 1 min 23 s left`; null when the last one is still fresh. */
export function createProgressText(): (progress: DownloadProgress, now: number) => string | null {
  let points: { readonly bytes: number; readonly at: number }[] = []
  let lastNote: string | null = null
  return (progress, now) => {
    const newest = points.at(-1)
    if (newest && now - newest.at < EVERY_MS && progress.note === lastNote) return null
    lastNote = progress.note
    // A try that began anew makes the bytes fall; no rate goes across that.
    if (newest && progress.bytes < newest.bytes) points = []
    points = [...points.filter(({ at }) => now - at <= WINDOW_MS), { bytes: progress.bytes, at: now }]
    const first = points[0]!
    return lineOf(progress, now - first.at < LEAST_MS ? null : ((progress.bytes - first.bytes) / (now - first.at)) * 1000)
  }
}

function lineOf({ path, bytes, totalBytes, note }: DownloadProgress, rate: number | null): string {
  const share = totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100)
  const parts = [`${path}: ${byteText(bytes)} of ${byteText(totalBytes)} (${share} %)`]
  if (note !== null) parts.push(note)
  else if (rate !== null && rate > 0) parts.push(`${byteText(rate)}/s`, `${durationText((totalBytes - bytes) / rate)} left`)
  return parts.join(', ')
}

function durationText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
