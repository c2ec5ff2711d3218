// Original and edited completion: where they part, and what is said when they do not.
import { describe, expect, it } from 'vitest'
import { compareRuns, sideNames } from '../../../webview/scope/comparison'
import { run, token } from './runFixture'

const FIRED = [{ edit: 'L1/7 = 0', firedAt: [1] }]
const NEVER = [{ edit: 'L1/7 = 0', firedAt: [] }]

it.each([
  ['abcd', 'abxy', FIRED, 2, 2, 'different'],
  ['abcd', 'xbcd', FIRED, 0, 0, 'different'],
  ['abcd', 'ab', FIRED, 2, 2, 'different'],
  ['ab', 'abcd', FIRED, 2, 2, 'different'],
  ['abcd', 'abcd', FIRED, 4, null, 'sameTokens'],
  ['abcd', 'abcd', NEVER, 4, null, 'neverFired'],
  ['abcd', 'abcd', [], 4, null, 'noEdits'],
  ['', '', NEVER, 0, null, 'neverFired'],
] as const)('%s against %s', (before, after, edits, same, firstDifference, verdict) => {
  expect(compareRuns(run('p', before), run('p', after, { edits }))).toMatchObject({ same, firstDifference, verdict })
})

it('does not call a run that still grows shorter', () => {
  const growing = run('p', 'ab', { edits: FIRED, status: { kind: 'running' } })
  expect(compareRuns(run('p', 'abcd'), growing)).toMatchObject({ same: 2, firstDifference: null, verdict: 'sameSoFar' })
  expect(compareRuns(run('p', 'abcd'), { ...growing, tokens: run('p', 'ax').tokens })).toMatchObject({ same: 1, firstDifference: 1, verdict: 'different' })
})

it('aligns completions, not positions, when the prompts differ', () => {
  expect(compareRuns(run('long prompt', 'abc'), run('p', 'abd'))).toMatchObject({ same: 2, firstDifference: 2 })
})

it.each([
  [[], FIRED, 'sameTokens'],
  [FIRED, FIRED, 'sameEdits'],
  [FIRED, [...FIRED, { edit: 'L1/8 = 0', firedAt: [] }], 'neverFired'],
  [NEVER, [...NEVER, { edit: 'L1/8 = 0', firedAt: [2] }], 'sameTokens'],
  [FIRED, [], 'sameTokens'],
  [[], [], 'noEdits'],
] as const)('with the same tokens, edits %j against %j are %s', (before, after, verdict) => {
  expect(compareRuns(run('p', 'ab', { edits: before }), run('p', 'ab', { edits: after })).verdict).toBe(verdict)
})

it.each([
  [[], FIRED, 'Original', 'Edited'],
  [FIRED, FIRED, '#6', '#7'],
  [FIRED, [], '#6', '#7'],
  [[], [], '#6', '#7'],
] as const)('edits %j against %j are called %s and %s', (before, after, original, edited) => {
  const names = sideNames(run('p', 'a', { name: 'sky.prompt #6', edits: before }), run('p', 'b', { name: 'sky.prompt #7', edits: after }))
  expect(names).toEqual({ original, run: edited })
})

describe('the probability that moved most', () => {
  const withLogprobs = (...logprobs: readonly (number | null)[]) => run('', 'abc', { edits: FIRED, tokens: logprobs.map((logprob, i) => token(i, 'abc'[i]!, true, { logprob })) })

  it('is measured as a probability, not as a logarithm', () => {
    // 0.001 → 0.01 is a factor of ten; 0.5 → 0.9 moves further.
    expect(compareRuns(withLogprobs(Math.log(0.001), Math.log(0.5), -1), withLogprobs(Math.log(0.01), Math.log(0.9), -1)).largestShift).toMatchObject({ place: 1, before: Math.log(0.5), after: Math.log(0.9) })
  })

  it('is absent where no token has a probability', () => {
    expect(compareRuns(withLogprobs(null, null, null), withLogprobs(null, null, null)).largestShift).toBeNull()
  })
})
