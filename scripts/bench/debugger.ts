// Measures a debug session of a long completion of the demo model: steps back, over known tokens and to new ones, what a stop asks, and what it all holds in memory.
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openPromptModel } from '../../server/checkpoint/openPromptModel'
import { createDebuggee } from '../../server/debug/debuggee/createDebuggee'
import type { Motion } from '../../server/debug/branch'
import type { BranchRecord, DebuggedProgram } from '../../server/debug/program'
import type { StopRule } from '../../server/debug/stopRule'
import { createEngineProcess } from '../../server/engine/process/engineProcess'
import { prepareText } from '../../server/runs/preparePrompt'
import { GREEDY, type FeatureId } from '../../server/protocol/values'
import { median } from './median'

const TEXT = 'Once upon a time there was a little fox who lived near the mountain. One day,'
const TOKENS = 1000
/** Generated before anything is measured. */
const FIRST = 200
const STEPS = 20
const FORKS = 20
const NOT_KEPT: BranchRecord = { runId: null, uri: null, add() {}, cut() {}, change() {}, rest: () => Promise.resolve() }

/** Prints a line per kind of step, and the memory. Nothing is asserted. */
async function main(root: string): Promise<void> {
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
  const engine = createEngineProcess(resolve(root, 'dist/engine.js'))
  const { signal } = new AbortController()
  const [modelPath, saePath] = [resolve(root, 'demo/model'), resolve(root, 'demo/sae')]
  // Without stop tokens, so that it is long enough.
  const model = { ...(await engine.load({ modelPath, saePath, precision: 'exact', providers: ['cpu'], threads: null }, () => undefined, signal)), stopIds: [] }
  const promptModel = await openPromptModel(modelPath)
  const prompt = prepareText(TEXT, promptModel, 'raw')
  const generate = Math.min(TOKENS, model.contextLength - STEPS) - prompt.ids.length
  const program: DebuggedProgram = {
    engine, model, tokenizer: promptModel.tokenizer, prompt, settings: { generate: FIRST, sampling: GREEDY, edits: [], layers: model.saeLayers, stopIds: [] },
    lost: signal, file: null, pins: () => [], files: () => Promise.resolve([]), openRecord: () => NOT_KEPT, close: () => Promise.resolve(),
    describe: (feature) => ({ feature, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null }),
  }
  const debuggee = createDebuggee(program, { onTokens: () => undefined, onLog: () => undefined, onFork: () => undefined })
  const line = (what: string, ms: number): void => console.log(`  ${what.padEnd(64)} ${ms.toFixed(2).padStart(8)} ms`)
  const timed = async (what: string, work: () => Promise<unknown>, times = STEPS): Promise<void> => {
    const took: number[] = []
    for (let count = 0; count < times; count++) {
      const started = performance.now()
      await work()
      took.push(performance.now() - started)
    }
    line(what, median(took))
  }
  const step = (motion: Motion, branch = 1) => () => debuggee.move(branch, motion, signal)

  await debuggee.start(true, signal)
  await debuggee.change(1, { kind: 'generate', generate }, signal)
  const before = { heap: heap(), engine: await engine.memory() }
  const started = performance.now()
  await debuggee.move(1, { kind: 'continue' }, signal)
  const { tokens } = debuggee.branch(1)
  console.log(`demo model, ${tokens.length} tokens of context; medians of ${STEPS}`)
  line('a new token while it runs, mean', (performance.now() - started) / (generate - FIRST))
  const after = { heap: heap(), engine: await engine.memory() }

  await debuggee.change(1, { kind: 'generate', generate: generate + STEPS }, signal)
  await timed('a new token by a step', step({ kind: 'next' }))
  await timed('a step back', step({ kind: 'stepBack' }))
  await timed('a step over a known token', step({ kind: 'next' }))
  await timed('looking into a token: all layers, logit lens, next token', () => debuggee.inspect(1, debuggee.branch(1).place.position - 1, { layers: model.saeLayers, top: 50, reconstructionLayers: [], lensLayers: model.saeLayers, candidates: 10, residualLayers: [] }, signal))
  const feature = (await debuggee.facts(1, 500, { layers: [3], predictions: false }, signal)).features(3)[5]!.feature
  debuggee.setRules([fires(1, { layer: 3, feature })])
  await timed('a step back with a breakpoint on a feature', step({ kind: 'stepBack' }))
  await timed('a step over a known token with it', step({ kind: 'next' }))
  debuggee.setRules([fires(2, { layer: 3, feature: -1 })])
  await timed('back over all tokens with a new breakpoint that never stops', step({ kind: 'reverseContinue' }), 1)
  await timed('on over all of them again', step({ kind: 'continue' }), 1)
  debuggee.setRules([])
  const unforked = heap()
  await debuggee.move(1, { kind: 'goto', position: 500 }, signal)
  let value = 1
  let fork = 1
  const takes: [number, number, number][] = []
  for (let count = 0; count < FORKS; count++) {
    const times = [performance.now()]
    fork = (await debuggee.change(1, { kind: 'edit', feature: { layer: 3, feature }, operation: { kind: 'set', value: value++ } }, signal)).id
    for (let next = 0; next < 2; next++) {
      times.push(performance.now())
      await debuggee.move(fork, { kind: 'next' }, signal)
    }
    times.push(performance.now())
    takes.push([times[1]! - times[0]!, times[2]! - times[1]!, times[3]! - times[2]!])
  }
  line('a fork at token 500 by an edit of layer 3', median(takes.map(([change]) => change)))
  line('its first new token', median(takes.map(([, first]) => first)))
  line('its second', median(takes.map(([, , second]) => second)))
  const forked = heap()

  const perToken = (bytes: number): string => `${Math.round(bytes / (generate - FIRST))} bytes per token`
  console.log(`  debugger's heap: ${perToken(after.heap - before.heap)}; each fork of ${debuggee.branch(fork).tokens.length} tokens: ${Math.round((forked - unforked) / FORKS / 1000)} kB`)
  console.log(`  engine's cache: ${perToken(after.engine.cacheBytes - before.engine.cacheBytes)}, process ${Math.round(after.engine.processBytes / 1e6)} MB`)
  await engine.dispose()
}

function fires(id: number, feature: FeatureId): StopRule {
  return { id, kind: 'function', needs: { layers: [feature.layer], predictions: false }, holds: (at) => at.activation(feature) > 0, counts: null, log: null }
}

/** In bytes, after everything that is not held has been let go. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

void main(process.cwd())
