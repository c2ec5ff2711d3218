// The debugger over the demo model: whatever way a branch has been gone, its tokens are those of an uninterrupted run, and it stops where features fire.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDebuggee } from '../../server/debug/debuggee/createDebuggee'
import type { LoadedModel, TokenReport } from '../../server/engine/engine'
import { createEngineCore } from '../../server/engine/engineCore'
import { NonFiniteError } from '../../server/protocol/errors'
import { GREEDY, type FeatureId } from '../../server/protocol/values'
import { changingFeatures, fires, runDebugScripts, type DebugScripts } from './debugScripts'
import { demoProgram, loadDemo } from './demoProgram'
import { generate, NEVER } from './engineHarness'

const TEXT = 'Once upon a time there was a little fox who lived near the mountain. One day,'
const GENERATE = 12
const GREEDY_TOKENS = 24

const used = createEngineCore()
// Remembers nothing, so that what it gives depends on no request before.
const fresh = createEngineCore(0)
let model: LoadedModel
/** Every token of a plain run, with all layers: where scripts find features that matter. */
let plain: readonly TokenReport[]

beforeAll(async () => {
  model = await loadDemo(used)
  await loadDemo(fresh)
  const { prompt } = await demoProgram(used, model, TEXT, { generate: 0, sampling: GREEDY, edits: [] })
  plain = (await generate(fresh, { promptIds: prompt.ids, generate: GREEDY_TOKENS, layers: model.saeLayers, top: 32 })).tokens
})
afterAll(async () => void (await Promise.all([used.dispose(), fresh.dispose()])))

it.each([
  ['greedy', GREEDY, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ['temperature 0.8', { temperature: 0.8, topP: 0.95, topK: 0, seed: 7 }, [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]],
] as const)('random scripts give what uninterrupted runs give, %s', async (_, sampling, seeds) => {
  const program: DebugScripts['program'] = (engine, chosen) => demoProgram(engine, model, TEXT, { generate: GENERATE, sampling: chosen, edits: [] })
  expect(await runDebugScripts({ used, fresh, program, features: features() }, sampling, seeds)).toBeGreaterThan(2 * seeds.length)
})

it('stops at exactly the tokens at which the feature fires, forwards and backwards', async () => {
  const program = await demoProgram(used, model, TEXT, { generate: GREEDY_TOKENS, sampling: GREEDY, edits: [] })
  for (const feature of features()) {
    const expected = plain.filter((token) => token.features[feature.layer]!.some((active) => active.feature === feature.feature)).map(({ index }) => index)
    const debuggee = createDebuggee(program, { onTokens: () => {}, onLog: () => {}, onFork: () => {} })
    debuggee.setRules([fires(1, feature)])
    const forwards: number[] = []
    for (let stop = await debuggee.start(true, NEVER); stop.reason === 'breakpoint'; stop = await debuggee.move(1, { kind: 'continue' }, NEVER)) forwards.push(debuggee.branch(1).place.position)
    expect(forwards).toEqual(expected)
    expect(debuggee.branch(1).tokens.map(({ id }) => id)).toEqual(plain.map(({ id }) => id))

    const last = debuggee.branch(1).place.position
    const backwards: number[] = []
    while ((await debuggee.move(1, { kind: 'reverseContinue' }, NEVER)).reason === 'breakpoint') backwards.unshift(debuggee.branch(1).place.position)
    expect(backwards).toEqual(expected.filter((position) => position < last))
  }
})

it('comes back from an edit that no number withstands', async () => {
  const program = await demoProgram(used, model, TEXT, { generate: GREEDY_TOKENS, sampling: GREEDY, edits: [] })
  const debuggee = createDebuggee(program, { onTokens: () => {}, onLog: () => {}, onFork: () => {} })
  debuggee.setRules([{ ...fires(1, { layer: 0, feature: -1 }), kind: 'exception', filter: 'nonFinite' }])
  await debuggee.start(false, NEVER)
  const last = program.prompt.ids.length - 1
  await debuggee.move(1, { kind: 'goto', position: last }, NEVER)
  const strongest = (position: number): FeatureId => ({ layer: 1, feature: plain[position]!.features[1]![0]!.feature })
  const tooStrong = { kind: 'scale', value: 3e38 } as const
  await expect(debuggee.change(1, { kind: 'edit', feature: strongest(last), operation: tooStrong }, NEVER)).rejects.toBeInstanceOf(NonFiniteError)
  expect(debuggee.branch(1)).toMatchObject({ edits: [], isRunning: false, place: { position: last } })

  // The same where nothing is known yet: three tokens further on.
  const strong = createDebuggee(
    { ...program, settings: { ...program.settings, edits: [{ feature: strongest(last + 3), operation: tooStrong, positions: { kind: 'ranges', ranges: [[last + 3, last + 3]] } }] } },
    { onTokens: () => {}, onLog: () => {}, onFork: () => {} },
  )
  strong.setRules([{ ...fires(1, { layer: 0, feature: -1 }), kind: 'exception', filter: 'nonFinite' }])
  expect(await strong.start(true, NEVER)).toMatchObject({ reason: 'exception', rules: [1], finding: { filter: 'nonFinite', first: last + 3, last: last + 3 } })
  expect(strong.branch(1).place.position).toBe(last + 2)
  await strong.change(1, { kind: 'edit', feature: strongest(last + 3), operation: null }, NEVER)
  expect(await strong.move(1, { kind: 'continue' }, NEVER)).toMatchObject({ reason: 'end' })
  expect(strong.branch(1).tokens.map(({ id }) => id)).toEqual(plain.map(({ id }) => id))
})

/** Of three layers. */
function features(): readonly FeatureId[] {
  return changingFeatures(plain, [1, 3, 5])
}
