// The whole loop of someone who reads and steers a model, here and in Python: load, a prompt's features, a completion with an edit; and Python's speed for scale.
import type { Precision } from '../../server/protocol/values'
import type { Contestant } from './contestant'
import type { Setting } from './measure'
import { inTurn, mean } from './median'
import { compared, msText, speedText, type Comparison, type Row, type Target } from './row'
import { loop } from './serveEngine'

const LENGTH = 128
const WARM = { atLeast: 3 }
const COLD = { atLeast: 5 }
const EDIT = [5, 2]

/** As a Python user would take them: bfloat16 as it is stored, or float32 to have what we call exact. */
const DTYPES: Readonly<Record<Precision, readonly ('bfloat16' | 'float32')[]>> = { q8: ['bfloat16'], q4: [], exact: ['bfloat16', 'float32'] }

export async function measureLoop(setting: Setting): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const dtype of DTYPES[setting.precision]) rows.push(...(await against(setting, dtype)))
  return rows
}

async function against({ contestants, options, precision, prompts }: Setting, dtype: string): Promise<readonly Row[]> {
  const { ours, files } = contestants
  const { sae } = options.shape
  const { steps, threads, repeats } = options
  const layer = sae.layers[sae.layers.length >> 1]!
  const warm = contestants.python()
  if (!warm) return []
  const openPython = (python: Contestant): Promise<unknown> => python.ask({ job: 'open', model: files.model, sae: files.sae, layer, k: sae.k, dtype, threads })
  const job = (): { readonly ids: readonly number[]; readonly steps: number; readonly layer: number; readonly edit: readonly number[] } => ({ ids: prompts.next(LENGTH), steps, layer, edit: EDIT })
  await ours.load(precision)
  await openPython(warm)
  await loop(ours, job())
  await warm.ask({ job: 'loop', ...job() })
  const warmSamples = await inTurn(repeats, {
    ours: () => loop(ours, job()),
    theirs: () => warm.ask<number>({ job: 'loop', ...job() }),
  })
  // Without an edit, hooks and all: how fast tokens come, and when the first one does.
  const plain = await inTurn(repeats, {
    ours: async () => {
      const { tokenMs, perTokenMs } = await ours.run({ ids: prompts.next(LENGTH), steps, layers: [layer] })
      return { firstMs: tokenMs[0]!, perTokenMs }
    },
    theirs: async () => {
      const { firstMs, stepMs } = await warm.ask<{ readonly firstMs: number; readonly stepMs: readonly number[] }>({ job: 'generate', ...job(), edit: null })
      return { firstMs, perTokenMs: mean(stepMs) }
    },
  })
  await warm.close()
  await ours.engine.unload()

  const timed = async (start: () => Contestant, open: (contestant: Contestant) => Promise<unknown>): Promise<number> => {
    const started = performance.now()
    const contestant = start()
    await open(contestant)
    await contestant.ask({ job: 'loop', ...job() })
    const ms = performance.now() - started
    await contestant.close()
    return ms
  }
  const cold = await inTurn(repeats, {
    ours: () => timed(() => contestants.freshEngine(), (engine) => engine.ask({ job: 'open', model: files.model, sae: files.sae, precision, threads, top: sae.k })),
    theirs: () => timed(() => contestants.python()!, openPython),
  })
  const versus = (what: string, samples: Pick<Comparison, 'ours' | 'theirs'>, target: Target | null, text = msText): Row =>
    compared({ part: 'loop', what: `${precision} ${what}`, ...samples, ratio: 'speed', target, oursText: text, theirsText: (ms) => `transformers ${dtype} ${text(ms)}` })
  const times = (which: 'firstMs' | 'perTokenMs'): Pick<Comparison, 'ours' | 'theirs'> => ({ ours: plain.ours.map((each) => each[which]), theirs: plain.theirs.map((each) => each[which]) })
  return [
    versus(`loop, loaded: prompt of ${LENGTH}, features, ${steps} tokens with an edit`, warmSamples, WARM),
    versus('loop, from the start of the process', cold, COLD),
    versus(`first token of a ${LENGTH}-token prompt, features of a layer`, times('firstMs'), null),
    versus('decode, features of a layer', times('perTokenMs'), null, speedText),
  ]
}
