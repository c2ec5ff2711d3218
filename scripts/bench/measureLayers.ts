// One layer's features over a prompt that is new, against reading the prompt through all layers.
import type { Setting } from './measure'
import { inTurn } from './median'
import { compared, msText, type Row } from './row'

const LENGTH = 128
const ALLOWANCE = 0.15

export async function measureLayers({ contestants, options, precision, prompts }: Setting): Promise<readonly Row[]> {
  const { ours } = contestants
  const { model, sae } = options.shape
  const layerWays = Object.fromEntries(sae.layers.map((layer) => [String(layer), () => ours.read(prompts.next(LENGTH), [layer])]))
  const ways: Record<string, () => Promise<number>> = { full: async () => (await ours.run({ ids: prompts.next(LENGTH), steps: 1 })).promptMs, ...layerWays }
  for (const way of Object.values(ways)) await way()
  const samples = await inTurn(options.repeats, ways)
  return sae.layers.map((layer) =>
    compared({
      part: 'layers', what: `${precision} top-${sae.k} of layer ${layer} of ${model.layers} over ${LENGTH} new tokens`, ours: samples[layer]!, theirs: samples['full']!, ratio: 'share',
      target: { atMost: layer / model.layers + ALLOWANCE }, theirsText: (ms) => `whole prompt ${msText(ms)}`,
    }))
}
