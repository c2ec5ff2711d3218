// Decoding: alone, with one layer's features, with edits too, against llama.cpp doing nothing else and against the memory's speed.
import type { Edit, Precision } from '../../server/protocol/values'
import { held, raised } from './benchEdits'
import { bytesPerToken } from './bytesPerToken'
import type { Setting } from './measure'
import { inTurn, mean } from './median'
import { compared, msText, speedText, type Row, type Target } from './row'

const VS_LLAMA: Readonly<Record<Precision, Target | null>> = { q8: { atLeast: 1 }, q4: { atLeast: 0.9 }, exact: null }
const VS_BOUND: Readonly<Record<Precision, Target | null>> = { q8: { atLeast: 0.85 }, q4: null, exact: { atLeast: 0.85 } }

export async function measureDecode(setting: Setting): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const context of setting.options.contexts) rows.push(...(await atContext(setting, context)))
  return rows
}

async function atContext({ contestants, options, precision, weights, prompts }: Setting, context: number): Promise<readonly Row[]> {
  const { ours } = contestants
  const { shape: { model, sae }, steps, repeats } = options
  const llama = await contestants.llama(precision, context + steps + 8)
  const bandwidth = await contestants.bandwidth()
  const [lowest, shown, highest] = [sae.layers[0]!, sae.layers[sae.layers.length >> 1]!, sae.layers.at(-1)!]
  const prompt = prompts.next(context)
  let last = 0
  // Another last token each time: the prompt's state is used again, the tokens after it are not.
  const decode = (layers: readonly number[], edits: readonly Edit[]) => async () => {
    const ids = [...prompt.slice(0, -1), (prompt.at(-1)! + ++last) % model.vocabSize]
    return (await ours.run({ ids, steps, layers, edits })).perTokenMs
  }
  const ways = {
    plain: decode([], []),
    features: decode([shown], []),
    edited: decode([shown], [held(shown, 'generated'), raised(shown, 'generated')]),
    editedApart: decode([shown], [held(lowest, 'generated'), raised(highest, 'generated')]),
    llama: async () => (llama ? [mean(await llama.ask<number[]>({ job: 'decode', length: context, id: ++last, steps }))] : []),
    bandwidth: () => bandwidth.measure(),
  }
  if (llama) await llama.ask({ job: 'prompt', ids: prompt })
  await ways.plain()
  const samples = await inTurn(repeats, ways)

  const what = `${precision} decode at ${context} tokens`
  const against = (way: 'plain' | 'features' | 'edited' | 'editedApart', name: string, target: Target | null): Row =>
    compared({ part: 'decode', what: `${what}${name}`, ours: samples[way], theirs: samples.llama.flat(), ratio: 'speed', target, oursText: speedText, theirsText: (ms) => `llama.cpp ${speedText(ms)}` })
  const bytes = bytesPerToken(model, weights, context)
  return [
    against('plain', '', null),
    against('features', `, top-${sae.k} of a layer`, null),
    against('edited', `, top-${sae.k} of a layer and two edits there`, VS_LLAMA[precision]),
    against('editedApart', `, top-${sae.k} of a layer and edits at two others`, null),
    compared({
      part: 'decode', what: `${what} against reading the weights`, ours: samples.plain, theirs: samples.bandwidth.map((bytesPerSecond) => (1000 * bytes) / bytesPerSecond), ratio: 'speed', target: VS_BOUND[precision],
      oursText: speedText, theirsText: (ms) => `${msText(ms)} at ${(bytes / ms / 1e6).toFixed(1)} GB/s`,
    }),
  ]
}
