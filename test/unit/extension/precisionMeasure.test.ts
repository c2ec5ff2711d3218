// When a precision is measured unasked: once, for rounded weights whose cost is not known, and never while a run goes on.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ModelState } from '../../../server/protocol/requests'

vi.mock('vscode', () => ({
  window: { withProgress: (_options: unknown, work: (progress: unknown, token: unknown) => Promise<unknown>) => work({ report: () => {} }, { onCancellationRequested: () => {} }) },
  ProgressLocation: {},
  Disposable: { from: (...parts: { dispose(): void }[]) => ({ dispose: () => parts.forEach((part) => part.dispose()) }) },
  CancellationTokenSource: class { token = {}; cancel() {} dispose() {} },
}))
const { registerPrecisionMeasure } = await import('../../../extension/precisionMeasure')

const asked: string[] = []
const listeners: (() => void)[] = []
const runs: { status: { kind: string } }[] = []
const state = { model: null as unknown, runs, onDidChangeModel: listen, onDidChangeRun: listen }
const tell = (model: object | null = state.model as object): void => {
  state.model = model
  listeners.forEach((listener) => listener())
}
function listen(listener: () => void) {
  listeners.push(listener)
  return { dispose: () => {} }
}
const ready = (change: Partial<ModelState & { kind: 'ready' }> = {}) => ({ kind: 'ready', model: { path: '/model', precision: 'q8' }, sae: null, quantised: { bytes: 1, cost: null }, ...change })

beforeEach(() => {
  vi.useFakeTimers()
  asked.length = listeners.length = runs.length = 0
  const worker = { request: async ({ method }: { readonly method: string }) => void asked.push(method) }
  registerPrecisionMeasure(worker as never, state as never, { warn: () => {} } as never)
})
afterEach(() => void vi.useRealTimers())

test('once, when nothing has happened for a while', () => {
  tell(ready())
  expect(asked).toEqual([])
  vi.runAllTimers()
  tell(ready())
  vi.runAllTimers()
  expect(asked).toEqual(['promptscope/precision/measure'])
})

test('after a run, not beside it', () => {
  runs.push({ status: { kind: 'running' } })
  tell(ready())
  vi.runAllTimers()
  expect(asked).toEqual([])
  runs[0] = { status: { kind: 'done' } }
  tell()
  vi.runAllTimers()
  expect(asked).toHaveLength(1)
})

test.each([
  ['nothing is loaded', { kind: 'none' }],
  ['the weights are the stored ones', ready({ quantised: null })],
  ['the cost is known', ready({ quantised: { bytes: 1, cost: { precision: 'q8', tokens: 2, residualError: [0], features: [], sae: null, sameToken: 1 } } })],
])('not where %s', (_, model) => {
  tell(model)
  vi.runAllTimers()
  expect(asked).toEqual([])
})
