// What stops a branch and what is logged on the way: counted by position, the same in both directions.
import { expect, it } from 'vitest'
import type { FeatureId } from '../../../../server/protocol/values'
import type { StopRule } from '../../../../server/debug/stopRule'
import { fakeFeatures, runFakeModel } from './fakeModel'
import { fakeSession, NEVER, ruleAt, startedSession, type FakeSession } from './fakeSession'

const FEATURE: FeatureId = { layer: 1, feature: 3 }
const fires = (id: number, rest: Partial<StopRule> = {}): StopRule => ruleAt(id, (at) => at.activation(FEATURE) > 0, { kind: 'function', needs: { layers: [1], predictions: false }, ...rest })

/** Tokens of branch 1 at which the feature fires, computed anew. */
function firing({ debuggee }: FakeSession): number[] {
  const { tokens } = debuggee.branch(1)
  const positions = runFakeModel(tokens.map(({ id }) => id), 7, [])
  return [...positions.keys()].filter((position) => fakeFeatures(positions[position]!.arriving[FEATURE.layer]!).some(({ feature }) => feature === FEATURE.feature))
}

async function allStops({ go }: FakeSession, kind: 'continue' | 'reverseContinue'): Promise<number[]> {
  const stops: number[] = []
  for (let at = await go(kind); at.startsWith('breakpoint'); at = await go(kind)) stops.push(Number(at.split(' ')[1]))
  return stops
}

it('stops at every token at which a feature fires, forwards and backwards', async () => {
  const session = await startedSession({ settings: { generate: 40 } }, [fires(1)])
  const forwards = await allStops(session, 'continue')
  expect(forwards.length).toBeGreaterThan(3)
  expect(forwards).toEqual(firing(session).filter((position) => position > 0))
  expect(await allStops(session, 'reverseContinue')).toEqual(firing(session).filter((position) => position < 46).reverse())
})

it('says at a step that a rule holds where it arrives', async () => {
  const { go, debuggee } = await startedSession({}, [ruleAt(1, [2, 8]), ruleAt(2, [2])])
  expect(await go('next')).toBe('step 1')
  expect(await debuggee.move(1, { kind: 'next' }, NEVER)).toEqual({ reason: 'breakpoint', rules: [1, 2], finding: null })
  expect(await go('next')).toBe('step 3')
  expect(await go('stepBack')).toBe('breakpoint 2')
})

it('counts hits by position, also when the rule comes late and one goes backwards', async () => {
  const third = (times: number): boolean => times === 3
  const session = await startedSession({ settings: { generate: 40 } })
  await session.go('continue')
  const expected = firing(session)[2]!
  session.debuggee.setRules([fires(1, { counts: third })])
  expect(await session.go('reverseContinue')).toBe(`breakpoint ${expected}`)
  expect(await session.go('reverseContinue')).toBe('entry 0')
  await session.go({ kind: 'goto', position: expected - 1 })
  session.debuggee.setRules([fires(2, { counts: third })])
  expect(await session.go('continue')).toBe(`breakpoint ${expected}`)
})

it('logs once per token and branch and goes on', async () => {
  const { go, logs, debuggee, told } = fakeSession({ settings: { generate: 3 } })
  debuggee.setRules([ruleAt(1, [0, 4, 8], { log: ({ token }) => `at ${JSON.stringify(token.text)}` }), ruleAt(2, [4], { counts: (times) => times > 1, log: () => 'never' })])
  await debuggee.start(true, NEVER)
  const first = [...logs]
  expect(first).toEqual(['1 0 at "The"', '1 4 at " the"', expect.stringMatching(/^1 8 at /)])
  await go({ kind: 'goto', position: 0 })
  await go('continue')
  expect(logs).toEqual(first)
  expect(told.get(1)).toHaveLength(10)
})

it('stands on the first token at entry, which has been logged and may be a breakpoint', async () => {
  const { debuggee, logs } = fakeSession()
  debuggee.setRules([ruleAt(1, [0], { log: () => 'here' }), ruleAt(2, [0])])
  expect(await debuggee.start(false, NEVER)).toEqual({ reason: 'entry', rules: [2], finding: null })
  expect(logs).toEqual(['1 0 here'])
})

it('shows the finding of an exception filter, also when it is come upon again', async () => {
  const finding = { filter: 'loop', message: 'completion repeats itself', first: 3, last: 5 }
  const { go, debuggee } = await startedSession({}, [ruleAt(7, ({ position }) => position === 5 && finding, { kind: 'exception', filter: 'loop' })])
  const stop = { reason: 'exception', rules: [7], finding }
  expect(await debuggee.move(1, { kind: 'continue' }, NEVER)).toEqual(stop)
  await go({ kind: 'goto', position: 2 })
  expect(await debuggee.move(1, { kind: 'continue' }, NEVER)).toEqual(stop)
  await go('next')
  expect(await debuggee.move(1, { kind: 'reverseContinue' }, NEVER)).toEqual(stop)
})

it('gives a rule the token before it, and predictions of the prompt where they are needed', async () => {
  const seen: string[] = []
  const rule = ruleAt(1, (at, before) => {
    seen.push(`${before?.position ?? '-'} ${at.position} ${before?.features(2).length ?? '-'} ${at.token.prediction === null ? 'unknown' : at.token.prediction.rank > 0}`)
    return false
  }, { needs: { layers: [2], predictions: true } })
  const { debuggee } = fakeSession({ settings: { generate: 1 } })
  debuggee.setRules([rule])
  await debuggee.start(true, NEVER)
  expect(seen).toEqual([expect.stringMatching(/^- 0 - unknown$/), ...[1, 2, 3, 4, 5, 6, 7].map((position) => expect.stringMatching(new RegExp(`^${position - 1} ${position} \\d true$`)) as unknown)])
})

it('reads only layers that rules need, and nothing again where it has been', async () => {
  const requests: string[] = []
  const { go, debuggee } = fakeSession({ settings: { generate: 5 }, onRequest: ({ kind, layers }) => requests.push(`${kind} ${layers.join()}`) })
  await debuggee.start(true, NEVER)
  expect(requests).toEqual(['generate ', 'generate '])
  debuggee.setRules([fires(1, { log: () => '' })])
  await go('reverseContinue')
  await go('continue')
  expect(requests.slice(2)).toEqual(['read 1'])
  for (const motion of ['stepBack', 'stepBack', 'next', 'next'] as const) await go(motion)
  expect(requests.slice(3)).toEqual([])
})

it('has at hand what was read of the token where it stands', async () => {
  const requests: string[] = []
  const { go, debuggee } = await startedSession({ onRequest: ({ kind, from, layers }) => requests.push(`${kind} ${from} ${layers.join()}`) }, [fires(1, { counts: () => false })])
  await go('next')
  requests.length = 0
  const facts = await debuggee.facts(1, 1, { layers: [1], predictions: false }, NEVER)
  expect(facts.features(1)).toEqual(fakeFeatures(runFakeModel(facts.tokens.map(({ id }) => id), 7, [])[1]!.arriving[1]!))
  expect(requests).toEqual([])
  expect(() => facts.features(2)).toThrow('layer 2 was not needed at token 1')
  // A layer more is read for this token alone, and kept.
  for (let time = 0; time < 2; time++) expect((await debuggee.facts(1, 1, { layers: [1, 2], predictions: true }, NEVER)).token.prediction!.rank).toBeGreaterThan(0)
  expect(requests).toEqual(['read 1 ', 'read 1 2'])
})

it('stops where the engine meets values that are no numbers, and can go on without the edit', async () => {
  const { go, debuggee } = await startedSession({ text: 'The', settings: { generate: 5 } })
  await go('next')
  await expect(debuggee.change(1, { kind: 'edit', feature: FEATURE, operation: { kind: 'set', value: 1e31 } }, NEVER)).rejects.toThrow('not numbers at token 1')
  expect(debuggee.branch(1).edits).toEqual([])

  const edits = [{ feature: FEATURE, operation: { kind: 'set', value: 1e31 }, positions: { kind: 'ranges', ranges: [[3, 3]] } }] as const
  const strong = await startedSession({ text: 'The', settings: { generate: 5, edits } })
  await expect(strong.go('continue')).rejects.toThrow('not numbers at token 3')
  strong.debuggee.setRules([ruleAt(9, [], { kind: 'exception', filter: 'nonFinite' })])
  expect(await strong.debuggee.move(1, { kind: 'continue' }, NEVER)).toMatchObject({ reason: 'exception', rules: [9], finding: { filter: 'nonFinite', first: 3, last: 3 } })
  expect(strong.debuggee.branch(1).place.position).toBe(2)
  await strong.debuggee.change(1, { kind: 'edit', feature: FEATURE, operation: null }, NEVER)
  expect(await strong.go('continue')).toBe('end 5')
})

it('lets a rule that throws end the move, and stands where it had come to', async () => {
  const broken = ruleAt(1, ({ position }) => {
    if (position === 9) throw new Error('defect')
    return false
  })
  const { go, debuggee } = await startedSession({}, [broken])
  await expect(go('continue')).rejects.toThrow('defect')
  expect(debuggee.branch(1)).toMatchObject({ isRunning: false, place: { position: 9 } })
  debuggee.setRules([])
  expect(await go('next')).toBe('step 10')
})

it('takes rules that are set while it runs', async () => {
  let ticks = 0
  const { go, debuggee } = await startedSession({
    settings: { generate: 60 },
    onTick() {
      if (++ticks === 25) debuggee.setRules([ruleAt(1, ({ position }) => position > 30)])
    },
  })
  expect(await go('continue')).toBe('breakpoint 31')
})
