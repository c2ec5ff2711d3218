// How a breakpoint on a feature may be written, as the input box checks it.
import { expect, test } from 'vitest'
import { breakpointProblem } from '../../../../extension/debug/featureBreakpoint'
import { clampLines } from '../../../../extension/debug/lineRange'

test.each(['L3/1021', 'L3/1021 > 8', 'l3/1021>=0.5', ' L3/1021 < .5 ', ''])('%j is fine', (name) => {
  expect(breakpointProblem(name)).toBeNull()
})

test.each(['L3', '3/1021', 'L3/1021 >', 'L3/1021 = 8', 'act(L3/1021) > 8'])('%j is not', (name) => {
  expect(breakpointProblem(name)).toMatch(/L3\/1021 > 8/)
})

test.each([
  [0, 10, 5, { first: 0, last: 4 }],
  [3, 3, 5, { first: 3, last: 3 }],
  [-1, 2, 5, { first: 0, last: 2 }],
  [7, 9, 5, null],
  [0, 1_000_000, 1_000_000, { first: 0, last: 399 }],
] as const)('lines %i to %i of %i', (first, last, count, expected) => {
  expect(clampLines(first, last, count)).toEqual(expected)
})
