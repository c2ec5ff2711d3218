// What is underlined in a .steer file and under a failed run.
import { expect, test } from 'vitest'
import { faultProblems, runProblems, steerProblems } from '../../../server/editor/diagnostics'
import { sampleRun } from '../store/sampleRun'

const model = { name: 'tiny', saeLayers: [0, 1, 2, 5], dSae: 64 }
const found = (text: string, against: typeof model | null) => steerProblems(text, against).map(({ severity, message, remedy, range }) => [severity, text.slice(range.start, range.end), message, remedy])

test('a layer or a feature that the SAE set does not have is a warning at its line', () => {
  expect(found('L5/1 = 0\nL3/1 = 0 # why\n', model)).toEqual([['warning', 'L3/1 = 0', 'edit "L3/1 = 0" names layer 3, which the SAE set of tiny does not have', 'choose from layers 0-2, 5']])
  expect(found('L5/64 = 0', model)).toEqual([['warning', 'L5/64 = 0', 'edit "L5/64 = 0" names feature 64, beyond the 64 of each layer', 'choose a feature from 0 to 63']])
  expect(found('L3/1 = 0', null)).toEqual([])
})

test('a line that is no edit is an error, whatever the model', () => expect(found('L5/1 0', null)).toMatchObject([['error', '0', expect.any(String), expect.any(String)]]))

test('a failed run is told on the first line of its prompt', () => {
  const status = { kind: 'failed', message: 'prompt is too long', remedy: 'shorten it' } as const
  expect(runProblems('first\nsecond', sampleRun({ status }))).toEqual([{ severity: 'error', message: status.message, remedy: status.remedy, range: { start: 0, end: 5 } }])
  expect(runProblems('first', sampleRun())).toEqual([])
  expect(runProblems('first', null)).toEqual([])
})

test('a fault is told where it begins, once the run has ended', () => {
  const faults = [{ kind: 'loop', message: 'completion repeats itself', tokens: [2, 3] }] as const
  expect(faultProblems(sampleRun(), faults)).toEqual([{
    severity: 'warning', message: 'completion repeats itself', remedy: 'suppress what brings it about', range: { start: 11, end: 15 },
    action: { title: 'suggest what to suppress', command: 'promptscope.suggestSuppressions', args: ['run-1'], link: 'command:promptscope.suggestSuppressions?%5B%22run-1%22%5D' },
  }])
  expect(faultProblems(sampleRun({ status: { kind: 'running' } }), faults)).toEqual([])
})
