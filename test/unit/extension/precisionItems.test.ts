// What the list of precisions says of each, before and after it was used and measured.
import { expect, test } from 'vitest'
import { precisionItems } from '../../../extension/precisionItems'
import type { PrecisionChoices, PrecisionFit } from '../../../server/protocol/requests'

const GB = 1e9
const gpu = { fits: false, note: 'no NVIDIA GPU was found' }
const fits: readonly PrecisionFit[] = [
  { precision: 'exact', bytesNeeded: 8.3 * GB, diskBytes: 0, stored: null, fits: false, problem: 'needs 8.3 GB, and of the 8.0 GB of this machine 6.4 GB can be used', gpu },
  { precision: 'q8', bytesNeeded: 3.2 * GB, diskBytes: 1.9 * GB, stored: null, fits: true, problem: null, gpu },
  { precision: 'q4', bytesNeeded: 2.4 * GB, diskBytes: 1.1 * GB, stored: { bytes: 1.1 * GB, cost: null }, fits: true, problem: null, gpu },
]
const choices: PrecisionChoices = { model: 'Qwen3-1.7B', fits, auto: 'q8', freeBytes: 5 * GB, freeDiskBytes: 20 * GB }
const lines = (...[known, chosen]: Parameters<typeof precisionItems>) => precisionItems(known, chosen).map(({ label, description, detail }) => `${label}: ${description}; ${detail}`)

test('memory, speed, accuracy, disk and time of each', () => {
  expect(lines(choices, 'auto')).toEqual([
    '$(wand) auto: now q8 · in use; The most precise that fits into the memory that is free when the model loads: 5.0 GB now.',
    '$(warning) exact: float32 from the stored weights · needs 8.3 GB, and of the 8.0 GB of this machine 6.4 GB can be used · slowest; features are exact',
    '$(symbol-numeric) q8: 8-bit weights · 3.2 GB of memory, fits · about 3 times as fast as exact; features nearly as at exact, not measured on this model yet · the first use writes 1.9 GB to disk, about 30 seconds',
    '$(symbol-numeric) q4: 4-bit weights · 2.4 GB of memory, fits · about 4 times as fast as exact; approximate for reading features: good for chat, a hint for reading features, not measured on this model yet · 1.1 GB on disk',
  ])
})

test('what was measured, memory and disk that are short', () => {
  const cost = { precision: 'q8', tokens: 64, residualError: [0.01, 0.014], features: [{ layer: 0, kept: 0.99 }, { layer: 1, kept: 0.985 }], sae: '/sae', sameToken: 0.978 } as const
  const short = { ...choices, freeBytes: 3 * GB, freeDiskBytes: 0.5 * GB, fits: [fits[0]!, fits[1]!, { ...fits[2]!, stored: { bytes: 1.1 * GB, cost } }] }
  const [, , q8, q4] = lines(short, 'q8')
  expect(q8).toMatch(/^\$\(warning\) q8: .*3\.2 GB of memory, more than the 3\.0 GB that are free now .* in use; .*the first use writes 1\.9 GB to disk, and 500 MB are free, /)
  expect(q4).toContain('approximate for reading features: keeps 98.5 % of the top features, residuals off by 1.4 %, same next token on 97.8 %, measured on this model · 1.1 GB on disk')
})

test('without a model that can be looked at, the choice alone', () => {
  expect(lines(null, 'exact').map((line) => line.split(':')[0])).toEqual(['$(wand) auto', '$(symbol-numeric) exact', '$(symbol-numeric) q8', '$(symbol-numeric) q4'])
})
