// The commands about precision, with an editor that picks what the test says and a worker that answers what it is told.
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { InputError } from '../../../server/protocol/errors'
import type { QuantisedEntry } from '../../../server/protocol/requests'
import type { PrecisionCost } from '../../../server/protocol/values'

interface Item {
  readonly label: string
  readonly description?: string
}

const editor = vi.hoisted(() => ({
  shown: [] as { title: string; items: readonly Item[] }[],
  pick: (items: readonly Item[]): unknown => items[-1],
  press: undefined as string | undefined,
  said: [] as string[],
  written: [] as unknown[],
  ran: [] as string[],
}))

vi.mock('vscode', () => {
  const say = (text: string, options?: { detail?: string }) => {
    editor.said.push([text, options?.detail].filter(Boolean).join(' '))
    return Promise.resolve(editor.press)
  }
  return {
    window: {
      showQuickPick: (items: readonly Item[], options: { title: string }) => {
        editor.shown.push({ title: options.title, items })
        return Promise.resolve(editor.pick(items))
      },
      showInformationMessage: say, showWarningMessage: say, showErrorMessage: say,
      withProgress: (_options: unknown, work: (progress: unknown, token: unknown) => Promise<unknown>) => work({ report: () => {} }, { onCancellationRequested: () => {} }),
    },
    commands: { executeCommand: (name: string) => void editor.ran.push(name) },
    workspace: { getConfiguration: () => ({ get: (_name: string, fallback: unknown) => fallback, inspect: () => undefined, update: (...args: unknown[]) => void editor.written.push(args.slice(0, 2)) }) },
    ProgressLocation: {}, ConfigurationTarget: {},
    CancellationTokenSource: class { token = {}; cancel() {} dispose() {} },
  }
})

const { createPrecisionCommands } = await import('../../../extension/commands/precision')

const answers = new Map<string, unknown>()
const asked: { readonly method: string; readonly params: unknown }[] = []
const worker = {
  request: async ({ method }: { readonly method: string }, params: unknown) => {
    asked.push({ method, params })
    const answer = answers.get(method)
    if (answer instanceof Error) throw answer
    return answer
  },
} as unknown as Parameters<typeof createPrecisionCommands>[0]
const state = { model: null, runs: [] } as unknown as Parameters<typeof createPrecisionCommands>[1]
const commands = createPrecisionCommands(worker, state)

const COST: PrecisionCost = { precision: 'q8', tokens: 64, residualError: [0.01, 0.02], features: [{ layer: 1, kept: 0.98 }], sae: '/sae', sameToken: 1 }
const entry = (name: string, change: Partial<QuantisedEntry> = {}): QuantisedEntry => ({ folder: `/cache/${name}`, kind: 'weights', model: `/models/${name}`, name, precision: 'q8', bytes: 2e9, lastUsed: '2026-01-02T03:04:05.000Z', isComplete: true, cost: null, ...change })

beforeEach(() => {
  Object.assign(editor, { shown: [], said: [], written: [], ran: [], press: undefined, pick: () => undefined })
  answers.clear()
  asked.length = 0
})

describe('choosing', () => {
  test('offers all of them, writes the setting and loads the model', async () => {
    answers.set('promptscope/precision/choices', { model: 'Tiny', fits: [], auto: 'exact', freeBytes: 8e9, freeDiskBytes: 8e9 })
    editor.pick = (items) => items[2]
    await commands.selectPrecision()
    expect(editor.shown).toMatchObject([{ title: 'Precision of Tiny' }])
    expect(editor.written).toEqual([['precision', 'q8']])
    expect(editor.ran).toEqual(['promptscope.loadModel'])
  })
  test('needs no list where the precision is named, and goes on where the model cannot be looked at', async () => {
    await commands.selectPrecision('q4')
    expect([editor.shown, editor.written]).toEqual([[], [['precision', 'q4']]])
    answers.set('promptscope/precision/choices', new InputError('model folder /none does not exist', 'check the path'))
    await commands.selectPrecision()
    expect(editor.shown[0]!.items).toHaveLength(4)
  })
})

describe('clearing', () => {
  test('asks, deletes what was picked, and says what that freed', async () => {
    answers.set('promptscope/precision/list', { folder: '/cache', entries: [entry('a', { cost: COST }), entry('b', { precision: 'q4', isComplete: false })] })
    answers.set('promptscope/precision/remove', { bytes: 2e9 })
    editor.pick = (items) => [items[0]]
    await commands.clearQuantised()
    expect(asked.map(({ method }) => method)).toEqual(['promptscope/precision/list'])
    editor.press = 'Delete'
    await commands.clearQuantised()
    expect(asked.at(-1)).toEqual({ method: 'promptscope/precision/remove', params: { folders: ['/cache/a'] } })
    expect(editor.said).toEqual([
      'Delete a, q8? 2.0 GB. This cannot be undone; the next use of the precision writes them again.',
      'Delete a, q8? 2.0 GB. This cannot be undone; the next use of the precision writes them again.',
      '2.0 GB of quantised weights were deleted.',
    ])
    expect(editor.shown[0]!.items).toMatchObject([{ label: 'a, q8', detail: expect.stringContaining('keeps 98 %') as string }, { label: 'b, q4', description: expect.stringMatching(/^2\.0 GB · last used .* · not complete$/) as string }])
  })
  test('says when there is nothing', async () => {
    answers.set('promptscope/precision/list', { folder: '/cache', entries: [] })
    await commands.clearQuantised()
    expect(editor.said).toEqual(['No quantised weights are kept in /cache.'])
  })
})

test('measuring shows every layer', async () => {
  answers.set('promptscope/precision/measure', COST)
  await commands.measurePrecision()
  expect(editor.shown).toMatchObject([{ title: 'What q8 costs against exact', items: [{ label: 'L0', description: '1 % off' }, { label: 'L1', description: '2 % off · keeps 98 % of the top features' }] }])
})

test('checking names what is damaged', async () => {
  answers.set('promptscope/precision/list', { folder: '/cache', entries: [entry('a')] })
  answers.set('promptscope/precision/verify', false)
  editor.pick = (items) => items[0]
  await expect(commands.verifyQuantised()).rejects.toThrow('weights of a, q8 are damaged')
  answers.set('promptscope/precision/verify', true)
  await commands.verifyQuantised()
  expect(editor.said).toEqual(['The weights of a, q8 are whole.'])
})
