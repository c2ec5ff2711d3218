// Scaled rotary frequencies, against transformers 5.18 with torch 2.13: LlamaRotaryEmbedding(config).inv_freq, bit by bit.
import { expect, it } from 'vitest'
import type { Rope } from '../../../server/formats/modelConfig'
import { ropeRows } from '../../../server/graph/rope'
import { ropeFrequencies } from '../../../server/graph/ropeFrequencies'

const llama3 = (rotaryDim: number, factor: number): Rope =>
  ({ theta: 5e5, rotaryDim, scaling: { kind: 'llama3', factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 } })

it.each<[name: string, rope: Rope, recorded: Readonly<Record<number, number>>]>([
  // Pairs 29 to 34 lie between the two wavelengths: neither kept nor wholly slowed.
  ['Llama 3.1', llama3(128, 8), { 0: 1, 10: 0.12868738174438477, 28: 0.0032114461064338684, 29: 0.0021665706299245358, 30: 0.0013718936825171113, 33: 0.0003126936499029398, 36: 7.784655463183299e-5, 63: 3.068925877869333e-7 }],
  ['Llama 3.2 1B', llama3(64, 32), { 10: 0.016560440883040428, 14: 0.0032114461064338684, 15: 0.0012905480107292533, 16: 0.000429556705057621, 17: 9.708286233944818e-5, 18: 1.9461638657958247e-5, 31: 9.418306490260875e-8 }],
  ['linear', { theta: 1e4, rotaryDim: 128, scaling: { kind: 'linear', factor: 4 } }, { 0: 0.25, 1: 0.21649108827114105, 10: 0.05928434059023857, 40: 0.0007905694656074047, 63: 2.8869548259535804e-5 }],
])('are those of transformers: %s', (_, rope, recorded) => {
  const frequencies = ropeFrequencies(rope)
  expect(frequencies).toHaveLength(rope.rotaryDim / 2)
  for (const [pair, frequency] of Object.entries(recorded)) expect(frequencies[Number(pair)], `pair ${pair}`).toBe(Math.fround(frequency))
})

it('turn far positions as transformers does', () => {
  // cos of position 100000 by LlamaRotaryEmbedding.
  const { cos } = ropeRows(llama3(128, 8), 100_000, 1)
  for (const [pair, cosine] of [[0, -0.9993607997894287], [10, 0.7145804762840271], [29, -0.9936409592628479], [30, 0.5056033730506897], [63, 0.9995291233062744]] as const) expect(cos[pair]).toBeCloseTo(cosine, 6)
})
