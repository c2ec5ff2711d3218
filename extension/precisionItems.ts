// What the list of precisions says of each: memory, speed, what it costs in accuracy, and what its first use writes to disk.
import { costWords, PRECISION_WORDS } from '../server/protocol/precisionWords'
import type { PrecisionChoices, PrecisionFit } from '../server/protocol/requests'
import type { Precision, PrecisionChoice } from '../server/protocol/values'
import { byteText } from './wording'

export interface PrecisionItem {
  readonly choice: PrecisionChoice
  readonly label: string
  readonly description: string
  readonly detail: string
}

/** Bytes of quantised weights that are written in a second: 64 to 87 MB on two shared cores (the model of docs/models.md). */
const WRITTEN_PER_SECOND = 75e6

/** `auto` first, then the precisions; without numbers where no model can be looked at. */
export function precisionItems(choices: PrecisionChoices | null, chosen: PrecisionChoice): PrecisionItem[] {
  const inUse = (choice: PrecisionChoice): string[] => (choice === chosen ? ['in use'] : [])
  const auto: PrecisionItem = {
    choice: 'auto', label: '$(wand) auto', description: [...(choices ? [`now ${choices.auto}`] : []), ...inUse('auto')].join(' · '),
    detail: `The most precise that fits into the memory that is free when the model loads${choices ? `: ${byteText(choices.freeBytes)} now` : ''}.`,
  }
  const each = (['exact', 'q8', 'q4'] as const).map((precision): PrecisionItem => {
    const fit = choices?.fits.find((known) => known.precision === precision)
    const { weights, speed, accuracy } = PRECISION_WORDS[precision]
    return {
      choice: precision,
      label: `$(${fit && choices && !isEasy(fit, choices) ? 'warning' : 'symbol-numeric'}) ${precision}`,
      description: [weights, ...(fit && choices ? [memoryWords(fit, choices)] : []), speed, ...inUse(precision)].join(' · '),
      detail: [accuracyWords(precision, fit, accuracy), ...(fit && choices ? diskWords(fit, choices) : [])].join(' · '),
    }
  })
  return [auto, ...each]
}

const isEasy = (fit: PrecisionFit, { freeBytes, freeDiskBytes }: PrecisionChoices): boolean => fit.fits && fit.bytesNeeded <= freeBytes && (fit.stored !== null || fit.diskBytes <= freeDiskBytes)

function memoryWords({ bytesNeeded, problem }: PrecisionFit, { freeBytes }: PrecisionChoices): string {
  if (problem !== null) return problem
  const needed = byteText(bytesNeeded)
  return bytesNeeded <= freeBytes ? `${needed} of memory, fits` : `${needed} of memory, more than the ${byteText(freeBytes)} that are free now`
}

/** What was measured for this model; else what is to be expected of any. */
function accuracyWords(precision: Precision, fit: PrecisionFit | undefined, expected: string): string {
  const approximate = precision === 'q4' ? 'approximate for reading features: ' : ''
  if (fit?.stored?.cost) return `${approximate}${costWords(fit.stored.cost)}, measured on this model`
  return precision === 'exact' ? expected : `${approximate}${expected}, not measured on this model yet`
}

function diskWords({ diskBytes, stored, precision }: PrecisionFit, { freeDiskBytes }: PrecisionChoices): string[] {
  if (precision === 'exact') return []
  if (stored !== null) return [`${byteText(stored.bytes)} on disk`]
  const short = diskBytes > freeDiskBytes ? `, and ${byteText(freeDiskBytes)} are free` : ''
  return [`the first use writes ${byteText(diskBytes)} to disk${short}, ${timeText(diskBytes / WRITTEN_PER_SECOND)}`]
}

function timeText(seconds: number): string {
  if (seconds < 5) return 'in a few seconds'
  return seconds < 90 ? `about ${Math.ceil(seconds / 10) * 10} seconds` : `about ${Math.ceil(seconds / 60)} minutes`
}
