// Reading a prompt: alone and with one layer's features, against llama.cpp.
import type { Precision } from '../../server/protocol/values'
import type { Setting } from './measure'
import { inTurn } from './median'
import { compared, msText, type Row, type Target } from './row'

const VS_LLAMA: Readonly<Record<Precision, Target | null>> = { q8: { atLeast: 1.4 }, q4: null, exact: null }

export async function measurePrefill(setting: Setting): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const context of setting.options.contexts) rows.push(...(await ofLength(setting, context)))
  return rows
}

async function ofLength({ contestants, options, precision, prompts }: Setting, length: number): Promise<readonly Row[]> {
  const { ours } = contestants
  const { sae } = options.shape
  const shown = sae.layers[sae.layers.length >> 1]!
  const llama = await contestants.llama(precision, length + options.steps + 8)
  const read = (layers: readonly number[]) => async () => (await ours.run({ ids: prompts.next(length), steps: 1, layers })).promptMs
  const ways = { plain: read([]), features: read([shown]), llama: async () => (llama ? [await llama.ask<number>({ job: 'prompt', ids: prompts.next(length) })] : []) }
  await ways.plain()
  await ways.llama()
  const samples = await inTurn(options.repeats, ways)
  const against = (way: 'plain' | 'features', name: string, target: Target | null): Row =>
    compared({ part: 'prefill', what: `${precision} prompt of ${length} tokens${name}`, ours: samples[way], theirs: samples.llama.flat(), ratio: 'speed', target, theirsText: (ms) => `llama.cpp ${msText(ms)}` })
  return [against('plain', '', length === 128 ? VS_LLAMA[precision] : null), against('features', `, top-${sae.k} of a layer`, null)]
}
