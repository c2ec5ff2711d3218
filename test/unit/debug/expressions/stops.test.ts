// Conditions stop a generation at the same tokens whether it is gone forwards, backwards, or looked at afterwards; hit conditions and data breakpoints too.
import { expect, it } from 'vitest'
import { createDebuggee } from '../../../../server/debug/debuggee/createDebuggee'
import type { Debuggee } from '../../../../server/debug/debuggee'
import { parseCondition } from '../../../../server/debug/expressions/parseCondition'
import { parseDataCondition } from '../../../../server/debug/expressions/parseDataCondition'
import { parseHitCondition } from '../../../../server/debug/expressions/parseHitCondition'
import type { StopRule } from '../../../../server/debug/stopRule'
import { fakeProgram } from '../debuggee/fakeProgram'

const always = new AbortController().signal

async function started(rules: readonly StopRule[]): Promise<{ debuggee: Debuggee; first: number | null }> {
  const debuggee = createDebuggee(fakeProgram({ settings: { generate: 30 } }), { onTokens: () => {}, onLog: () => {}, onFork: () => {} })
  debuggee.setRules(rules)
  const { reason } = await debuggee.start(true, always)
  return { debuggee, first: reason === 'breakpoint' ? debuggee.branch(1).place.position : null }
}

/** Positions of the stops from where it stands to an end, in the order in which they come. */
async function stops(debuggee: Debuggee, kind: 'continue' | 'reverseContinue'): Promise<number[]> {
  const positions: number[] = []
  for (;;) {
    const { reason } = await debuggee.move(1, { kind }, always)
    if (reason !== 'breakpoint') return positions
    positions.push(debuggee.branch(1).place.position)
  }
}

/** Stops forwards from before the first token, and then backwards from the end, brought into the same order. */
async function bothWays(rule: StopRule): Promise<{ forwards: number[]; backwards: number[] }> {
  const { debuggee, first } = await started([rule])
  const forwards = first === null && debuggee.branch(1).ended ? [] : [...(first === null ? [] : [first]), ...(await stops(debuggee, 'continue'))]
  await debuggee.move(1, { kind: 'goto', position: debuggee.branch(1).tokens.length - 1 }, always)
  const last = forwards.at(-1) === debuggee.branch(1).tokens.length - 1 ? [forwards.at(-1)!] : []
  const backwards = [...last, ...(await stops(debuggee, 'reverseContinue'))].reverse()
  return { forwards, backwards }
}

it.each([
  'L1/3', 'L0/1 > 2 or L2/5 > 1', 'not L1/3 and generated', 'L1/3 in top(1, 2)', 'prob < 0.2', 'not prob < 0.2', 'rank > 2 and entropy > 1', 'norm(1) > 11 or position % 7 == 0',
  'text matches /^ /', 'completion matches /(a|e).*$/', 'completion =~ /[aeiou]$/', 'token(-1).text == token(-2).text', 'token(12).generated', 'not token(20).generated', 'token(9).id < id', 'generated', 'id % 3 == 0 and not generated', 'true', 'false',
])('%s', async (text) => {
  const { needs, holds } = parseCondition(text, null)
  const { forwards, backwards } = await bothWays({ id: 1, kind: 'function', needs, holds, counts: null, log: null })
  const { debuggee } = await started([])
  const afterwards: number[] = []
  for (const { index } of debuggee.branch(1).tokens) if (holds(await debuggee.facts(1, index, needs, always))) afterwards.push(index)
  expect(forwards).toEqual(afterwards)
  expect(backwards).toEqual(afterwards)
})

it.each([
  ['2', null],
  ['% 3', null],
  ['>= 2', '> 1'],
  ['<= 2', '!= 0'],
])('the hit condition %s with the data condition %s', async (hits, data) => {
  const feature = { layer: 1, feature: 3 }
  const changes = parseDataCondition(data, 'write')
  const rule: StopRule = {
    id: 1, kind: 'data', needs: { layers: [1], predictions: false }, counts: parseHitCondition(hits), log: null,
    holds: (at, before) => changes(at.activation(feature), before?.activation(feature) ?? null),
  }
  const { debuggee } = await started([])
  const activations = await Promise.all(debuggee.branch(1).tokens.map(async ({ index }) => (await debuggee.facts(1, index, rule.needs, always)).activation(feature)))
  const held = activations.flatMap((now, index) => (changes(now, index === 0 ? null : activations[index - 1]!) ? [index] : []))
  const expected = held.filter((_, times) => parseHitCondition(hits)(times + 1))
  const { forwards, backwards } = await bothWays(rule)
  expect(expected.length).toBeGreaterThan(0)
  expect(forwards).toEqual(expected)
  expect(backwards).toEqual(expected)
})
