// Running a prompt again after an edit, against running it for the first time: an edit on the prompt, and one on generated tokens only.
import { held } from './benchEdits'
import type { Setting } from './measure'
import { inTurn } from './median'
import { compared, msText, type Row } from './row'

const LENGTH = 128
const ALLOWANCE = 0.15
const STEPS = 16

export async function measureRerun({ contestants, options, precision, prompts }: Setting): Promise<readonly Row[]> {
  const { ours } = contestants
  const { model, sae } = options.shape
  const onPrompt = (layer: number) => async () => {
    const ids = prompts.next(LENGTH)
    const cold = (await ours.run({ ids, steps: 1, layers: [layer] })).tokenMs[0]!
    const again = (await ours.run({ ids, steps: 1, layers: [layer], edits: [held(layer, 'all')] })).tokenMs[0]!
    return { cold, again }
  }
  const onGenerated = (layer: number) => async () => {
    const ids = prompts.next(LENGTH)
    const { perTokenMs } = await ours.run({ ids, steps: STEPS, layers: [layer] })
    const { tokenMs } = await ours.run({ ids, steps: STEPS, layers: [layer], edits: [held(layer, 'generated')] })
    // The first generated token is fed with the edit; the one after it is the first that can be another.
    return { cold: perTokenMs, again: tokenMs[1]! }
  }
  const ways = Object.fromEntries(sae.layers.flatMap((layer) => [[`prompt ${layer}`, onPrompt(layer)], [`generated ${layer}`, onGenerated(layer)]] as const))
  for (const way of Object.values(ways)) await way()
  const samples = await inTurn(options.repeats, ways)
  const pairOf = (name: string) => ({ ours: samples[name]!.map(({ again }) => again), theirs: samples[name]!.map(({ cold }) => cold) })
  const promptRow = (layer: number): Row =>
    compared({
      part: 'rerun', what: `${precision} first token again after an edit of the prompt at layer ${layer}`, ...pairOf(`prompt ${layer}`), ratio: 'share',
      target: { atMost: 1 - layer / model.layers + ALLOWANCE }, theirsText: (ms) => `first run ${msText(ms)}`,
    })
  const generatedRow = (layer: number): Row =>
    compared({
      part: 'rerun', what: `${precision} first token that can change after an edit of generated tokens at layer ${layer}`, ...pairOf(`generated ${layer}`), ratio: 'share',
      target: { atMost: 2 }, theirsText: (ms) => `a step ${msText(ms)}`,
    })
  return [...sae.layers.map(promptRow), ...sae.layers.map(generatedRow)]
}
