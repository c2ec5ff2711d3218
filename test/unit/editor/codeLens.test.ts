// What must hold of the CodeLenses: every state of a run has its words and its one or two things to do.
import { describe, expect, test } from 'vitest'
import { promptLenses, runLenses, steerLenses } from '../../../server/editor/codeLens'
import { sampleRun } from '../store/sampleRun'

const uri = 'file:///work/greeting.prompt'
const titles = (lenses: ReturnType<typeof promptLenses>) => lenses.map(({ title, command }) => (command ? `${title} -> ${command.id.slice('promptscope.'.length)}` : title))

describe('above a prompt', () => {
  const check = (change: Parameters<typeof sampleRun>[0] | null, isCurrent: boolean, expected: string[]) => {
    const run = change && sampleRun(change)
    expect(titles(promptLenses({ uri, runs: run ? [run] : [], currentRun: run && isCurrent ? run : null }))).toEqual(expected)
  }
  test('that was never run', () => check(null, false, ['▶ Run -> runPrompt']))
  test('that was run', () => check({}, true, ['▶ Run -> runPrompt', '2 tokens, cut at the limit · Open run -> openRun', 'Re-run -> rerun']))
  test('that was run with edits and ended by itself', () =>
    check({ status: { kind: 'done', reason: 'stop' }, edits: [{ edit: 'L1/8 = 0', firedAt: [] }] }, true, ['▶ Run -> runPrompt', '2 tokens · 1 edit · Open run -> openRun', 'Re-run -> rerun']))
  test('that was changed since', () => check({}, false, ['▶ Run -> runPrompt', '2 tokens, cut at the limit · of an older text · Open run -> openRun']))
  test('that is running', () => check({ status: { kind: 'running' } }, true, ['■ Cancel · 2 tokens -> cancelRun', 'Open run -> openRun']))
  test('whose run failed', () =>
    check({ status: { kind: 'failed', message: 'prompt is empty', remedy: 'write something' } }, true, ['▶ Run -> runPrompt', '✕ prompt is empty; write something · Open run -> openRun', 'Re-run -> rerun']))
})

describe('in a run document', () => {
  test('at the completion: what came of it and what to do next', () => {
    const run = sampleRun({ parent: { runId: 'run-0', firstRecomputed: 1 }, edits: [{ edit: 'L1/8 = 0', firedAt: [] }] })
    const lenses = runLenses({ run, faults: [], hasParent: true })
    expect(titles(lenses)).toEqual([
      'Re-run with current edits -> rerun', 'Diff with original -> diffRuns', 'Open in Scope -> openScope', '2 tokens, cut at the limit, 500 tokens/s', 'edit L1/8 = 0 never fired',
    ])
    expect(lenses.every(({ offset }) => offset === run.generatedStart)).toBe(true)
    expect(titles(runLenses({ run, faults: [], hasParent: false }))).not.toContain('Diff with original -> diffRuns')
  })

  test('a fault has its way out right after Re-run', () => {
    const fault = { kind: 'loop', message: 'answer repeats', tokens: [3] } as const
    expect(titles(runLenses({ run: sampleRun(), faults: [fault], hasParent: false }))[1]).toBe('⚠ answer loops: suggest features to suppress -> suggestSuppressions')
  })

  test('that still runs', () => expect(titles(runLenses({ run: sampleRun({ status: { kind: 'running' }, generatedTokens: 0 }), faults: [], hasParent: false }))).toEqual(['■ Cancel · reading the prompt -> cancelRun']))
})

test('above a .steer file', () => {
  expect(titles(steerLenses({ uri, edits: 2, problems: 0 }))).toEqual(['Use these 2 edits -> importEdits'])
  expect(titles(steerLenses({ uri, edits: 2, problems: 1 }))).toEqual(['1 line to mend before these edits can be used'])
  expect(titles(steerLenses({ uri, edits: 0, problems: 0 }))).toEqual(['write one edit per line, such as L3/120 = 0'])
})
