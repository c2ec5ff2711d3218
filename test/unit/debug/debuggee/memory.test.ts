// A long branch stays light: tokens are kept and shared by forks, what was read of layers is not.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import type { DebuggedEngine } from '../../../../server/debug/program'
import type { FeatureActivation } from '../../../../server/protocol/values'
import { createDebuggee } from '../../../../server/debug/debuggee/createDebuggee'
import { fakeProgram } from './fakeProgram'
import { NEVER, ruleAt } from './fakeSession'

const PROMPT = 7
const FIRST = 400
const TOKENS = 1000
const FEATURES = 200
/** What docs/performance.md says. */
const BUDGET_BYTES = 2000

it('holds no layer of a long branch, though each was read of every token, and little more for a fork', async () => {
  const program = fakeProgram({ contextLength: 2000, settings: { generate: 0, sampling: { temperature: 1, topP: 1, topK: 0, seed: 3 } } })
  // Without an end, and with so many features that keeping them would show.
  const wide = { ...program, engine: withManyFeatures(program.engine), model: { ...program.model, stopIds: [] } }
  const debuggee = createDebuggee(wide, { onTokens: () => {}, onLog: () => {}, onFork: () => {} })
  debuggee.setRules([ruleAt(1, (at) => at.features(0).length + at.features(1).length + at.features(2).length === 0, { needs: { layers: [0, 1, 2], predictions: false } })])
  /** So many tokens more, gone over three times. */
  const grow = async (tokens: number): Promise<void> => {
    await debuggee.change(1, { kind: 'generate', generate: debuggee.branch(1).tokens.length - PROMPT + tokens }, NEVER)
    for (const kind of ['continue', 'reverseContinue', 'continue'] as const) await debuggee.move(1, { kind }, NEVER)
  }
  await debuggee.start(false, NEVER)
  // What running code takes for itself is taken before.
  await grow(FIRST)
  const before = heap()
  await grow(TOKENS)
  const held = heap() - before
  expect(debuggee.branch(1).tokens).toHaveLength(PROMPT + FIRST + TOKENS)
  // As much again for what the runtime itself happens to keep; one layer's features would be three times that.
  expect(held / TOKENS).toBeLessThan(2 * BUDGET_BYTES)

  await debuggee.move(1, { kind: 'goto', position: TOKENS }, NEVER)
  for (let fork = 0; fork < 30; fork++) await debuggee.change(1, { kind: 'force', ids: [fork + 1] }, NEVER)
  // A tenth of what a copy would take.
  expect((heap() - before - held) / 30).toBeLessThan(held / 10)
})

function withManyFeatures(engine: DebuggedEngine): DebuggedEngine {
  const many = (): FeatureActivation[] => Array.from({ length: FEATURES }, (_, feature) => ({ feature, activation: FEATURES - feature + 0.5 }))
  return {
    ...engine,
    generate: (request, onEvent, signal) =>
      engine.generate(request, (event) => onEvent(event.kind === 'tokens' ? { ...event, tokens: event.tokens.map((token) => ({ ...token, features: Object.fromEntries(request.layers.map((layer) => [layer, many()])) })) } : event), signal),
    read: (request, onEvent, signal) => engine.read(request, (event) => onEvent(event.kind === 'layer' ? { ...event, report: { ...event.report, features: event.report.features.map(many) } } : event), signal),
  }
}

/** In bytes, after everything that is not held has been let go. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
