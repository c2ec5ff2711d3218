// What must hold of the CodeLenses: every state of a run has its words and its one or two things to do.
import { describe, expect, test } from 'vitest'
import { promptLenses, runLenses, steerLenses } from '../../../server/editor/codeLens'
import type { Fault } from '../../../server/runs/detectors'
import { sampleRun } from '../store/sampleRun'

const uri = 'file:///prompts/greeting.prompt'
const IDLE = { activeEdits: 0, waitsFor: null }
const titles = (lenses: ReturnType<typeof promptLenses>) => lenses.map(({ title, command }) => (command ? `${title} -> ${command.id.slice('promptscope.'.length)}` : title))

describe('above a prompt', () => {
  const check = (change: Parameters<typeof sampleRun>[0] | null, isCurrent: boolean, expected: string[]) => {
    const run = change && sampleRun(change)
    expect(titles(promptLenses({ uri, runs: run ? [run] : [], currentRun: run && isCurrent ? run : null, ...IDLE }))).toEqual(expected)
  }
  test('that was never run', () => check(null, false, ['▶ Run -> runPrompt', 'Debug -> debugPrompt']))
  test('that was run', () => check({}, true, ['▶ Run -> runPrompt', 'Debug -> debugPrompt', '2 tokens, cut at the limit · Open run -> openRun', 'Re-run -> rerun']))
  test('that was run with edits and ended by itself', () =>
    check({ status: { kind: 'done', reason: 'stop' }, edits: [{ edit: 'L1/8 = 0', firedAt: [] }] }, true, ['▶ Run -> runPrompt', 'Debug -> debugPrompt', '2 tokens · 1 edit · Open run -> openRun', 'Re-run -> rerun']))
  test('that was changed since', () => check({}, false, ['▶ Run -> runPrompt', 'Debug -> debugPrompt', '2 tokens, cut at the limit · of an older text · Open run -> openRun']))
  test('that is running', () => check({ status: { kind: 'running' } }, true, ['■ Cancel · 2 tokens -> cancelRun', 'Open run -> openRun']))
  test('that will be run with edits', () =>
    expect(titles(promptLenses({ uri, runs: [], currentRun: null, activeEdits: 2, waitsFor: null }))).toEqual(['▶ Run with 2 edits -> runPrompt', 'Debug -> debugPrompt']))
  test('whose run waits for another', () => {
    const run = sampleRun({ status: { kind: 'running' }, generatedTokens: 0 })
    expect(titles(promptLenses({ uri, runs: [run], currentRun: run, activeEdits: 0, waitsFor: 'long.prompt #4' }))[0]).toBe('■ Cancel · waits for long.prompt #4 -> cancelRun')
  })
  test('whose run failed', () =>
    check({ status: { kind: 'failed', message: 'prompt is empty', remedy: 'write something' } }, true, ['▶ Run -> runPrompt', 'Debug -> debugPrompt', '✕ prompt is empty; write something · Open run -> openRun', 'Re-run -> rerun']))
})

describe('in a run document', () => {
  test('at the completion: what came of it and what to do next', () => {
    const run = sampleRun({ parent: { runId: 'run-0', firstRecomputed: 1 }, edits: [{ edit: 'L1/8 = 0', firedAt: [] }] })
    const lenses = runLenses({ run, faults: [], hasParent: true, activeEdits: 1, waitsFor: null })
    expect(titles(lenses)).toEqual([
      'Re-run with current edits -> rerun', 'Diff with original -> diffRuns', 'Open in Scope -> openScope', '2 tokens, cut at the limit, 500 tokens/s', 'edit L1/8 = 0 never fired',
    ])
    expect(lenses.every(({ offset }) => offset === run.generatedStart)).toBe(true)
    expect(titles(runLenses({ run, faults: [], hasParent: false, ...IDLE }))).not.toContain('Diff with original -> diffRuns')
  })

  test('a fault has its way out first, where a narrow editor still shows it', () => {
    const place = { message: 'answer goes wrong', tokens: [3], first: 3, last: 3 }
    const found = (fault: Fault) => titles(runLenses({ run: sampleRun(), faults: [fault], hasParent: false, ...IDLE })).slice(0, 2)
    expect(found({ kind: 'loop', period: 1, ...place })).toEqual(['⚠ loops: suggest what to suppress -> suggestSuppressions', 'Open in Scope -> openScope'])
    expect(found({ kind: 'languageSwitch', script: 'Han', ...place })[0]).toBe('⚠ switches to Han: suggest what to suppress -> suggestSuppressions')
  })

  test('a re-run is offered where it can differ', () => {
    const offered = (run: Parameters<typeof sampleRun>[0], activeEdits: number) =>
      titles(runLenses({ run: sampleRun(run), faults: [], hasParent: false, activeEdits, waitsFor: null })).filter((title) => title.startsWith('Re-run'))
    const edits = [{ edit: 'L1/8 = 0', firedAt: [1] }]
    expect([offered({}, 0), offered({}, 1), offered({ edits }, 1), offered({ edits }, 0)]).toEqual([
      [], ['Re-run with current edits -> rerun'], ['Re-run with current edits -> rerun'], ['Re-run without edits -> rerun'],
    ])
  })

  test('that still runs', () => expect(titles(runLenses({ run: sampleRun({ status: { kind: 'running' }, generatedTokens: 0 }), faults: [], hasParent: false, ...IDLE }))).toEqual(['■ Cancel · reading the prompt -> cancelRun']))
})

test('above a .steer file', () => {
  expect(titles(steerLenses({ uri, edits: 2, problems: 0 }))).toEqual(['Use these 2 edits -> importEdits'])
  expect(titles(steerLenses({ uri, edits: 2, problems: 1 }))).toEqual(['1 line to mend before these edits can be used'])
  expect(titles(steerLenses({ uri, edits: 0, problems: 0 }))).toEqual(['write one edit per line, such as L3/120 = 0'])
})
