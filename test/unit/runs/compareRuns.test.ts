// How two runs are laid side by side.
import { expect, it } from 'vitest'
import { compareRuns } from '../../../server/runs/compareRuns'
import { fakeRun } from './fakeRun'

const check = (before: string, after: string, firstDifference: number | null, pairs: string): void => {
  const comparison = compareRuns(fakeRun(['p'], [...before]), fakeRun(['p'], [...after]))
  expect(comparison.firstDifference).toBe(firstDifference)
  expect(comparison.pairs.map((pair) => `${pair.before?.text ?? '_'}${pair.after?.text ?? '_'}`).join(' ')).toBe(pairs)
}

it('pairs equal runs token by token', () => check('abc', 'abc', null, 'pp aa bb cc'))
it('finds the first difference and what comes back after it', () => check('abcd', 'axcd', 2, 'pp aa bx cc dd'))
it('leaves gaps for what was put in', () => check('abd', 'abcd', 3, 'pp aa bb _c dd'))
it('leaves gaps for what was left out', () => check('abcd', 'abd', 3, 'pp aa bb c_ dd'))
it('takes an end for a difference', () => check('ab', 'abc', 3, 'pp aa bb _c'))
it('pairs by position when nothing is shared', () => check('abc', 'xy', 1, 'pp ax by c_'))
