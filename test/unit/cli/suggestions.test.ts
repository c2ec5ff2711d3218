// What `suggest` says about the features that it found: a weak effect is called weak, and what to try next can be pasted.
import colors from 'picocolors'
import { expect, test } from 'vitest'
import { renderSuggestions, type Suggestions } from '../../../server/cli/suggestCommand'
import type { Terminal } from '../../../server/cli/terminal'
import { detectFaults } from '../../../server/runs/detectors'
import { fakeRun, words } from '../runs/fakeRun'

const terminal: Terminal = { color: colors.createColors(false), width: 100, out: () => {}, note: () => {}, fail: () => {}, progress: () => {} }
const run = fakeRun(['p'], words('x a b c d a b c d a b c d a b c d'))
const description = (feature: number) => ({ feature: { layer: 1, feature }, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null })
/** By these shares less likely, alone and together. */
const suggestions = (alone: readonly number[], together: number | null): string => {
  const effect = (share: number) => ({ faultDrop: -Math.log(1 - share), sideEffect: Math.log(1.02) })
  const proposals = alone.map((share, index): Suggestions['proposals'][number] => ({ ...description(index), description: description(index), meanOn: 1, meanOff: 0, score: 1, ...effect(share) }))
  return renderSuggestions({ run, fault: detectFaults(run)[0]!, proposals, together: together === null ? null : effect(together), retry: (edits) => `again with ${edits.join(', ')}` }, terminal)
}

test('several that help are tried together and offered as a command', () => {
  const text = suggestions([0.4, 0.3], 0.75)
  expect(text).toContain('Both together make it 75.0 % less likely and change the other tokens by 2.0 %.\nTry\n  again with L1/0 = 0, L1/1 = 0\n')
  expect(text).not.toContain('No single feature')
})

test('one that helps alone needs no more words', () => expect(suggestions([0.4], null)).toMatch(/by 40\.0 % .*\n\nTry\n {2}again with L1\/0 = 0\n/))

test('weak ones that help together are said to', () =>
  expect(suggestions([0.03, 0.02, 0.01], 0.2)).toContain('No single feature makes the fault clearly less likely: the best of them by 3.0 %.\nAll 3 together make it 20.0 % less likely and change the other tokens by 2.0 %.\nTry\n'))

test('nothing is offered to try when even all together are weak', () => {
  const text = suggestions([0.001, 0.001], 0.002)
  expect(text).toContain('No single feature makes the fault clearly less likely: the best of them by 0.1 %.\nBoth together hardly touch it either (0.2 %).\n')
  expect(text).toContain('may lie in the prompt itself')
  expect(text).not.toContain('Try')
})

test.each([-0.1, 0.2])('several that undo each other are not offered together: %s', (together) =>
  expect(suggestions([0.3, 0.2], together)).toContain('Both together do less than the best alone: suppress that one only.\nTry\n  again with L1/0 = 0\n'))
