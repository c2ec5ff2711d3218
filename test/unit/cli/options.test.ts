// How command-line options are read, and what is refused.
import { describe, expect, it } from 'vitest'
import { readOptions } from '../../../server/cli/options'
import { readPromptSource, readRunChoices, RUN_OPTION_SPECS } from '../../../server/cli/runOptions'
import { UsageError } from '../../../server/cli/usageError'
import { InputError } from '../../../server/protocol/errors'

const read = (...args: string[]) => readOptions(args, RUN_OPTION_SPECS)

describe('values', () => {
  it('take numbers in their own notation', () => {
    const options = read('--temperature', '.5', '--seed=3', '--token-ids', '1, 2,3')
    expect([options.number('temperature', 0), options.whole('seed', 0), options.wholes('token-ids')]).toEqual([0.5, 3, [1, 2, 3]])
  })
  it('may be negative without an equals sign', () => expect(read('--token-ids', '-1,5').wholes('token-ids')).toEqual([-1, 5]))
  it.each([
    [['--seed', 'x'], (o: ReturnType<typeof read>) => o.whole('seed', 0), '--seed takes a whole number of at least 0, not "x"'],
    [['--seed', '-1'], (o: ReturnType<typeof read>) => o.whole('seed', 0), '--seed takes a whole number of at least 0, not "-1"'],
    [['--token-ids', '1,b'], (o: ReturnType<typeof read>) => o.wholes('token-ids'), '--token-ids takes whole numbers separated by commas, not "1,b"'],
    [['--precision', 'q2'], (o: ReturnType<typeof read>) => o.choice('precision', ['exact']), '--precision takes exact, not "q2"'],
  ])('%j are refused', (args, use, message) => expect(() => use(read(...args))).toThrow(new UsageError(message)))
  it('unknown options are refused by name', () => expect(() => read('--modle', 'x')).toThrow(/unknown option '--modle'/))
})

describe('prompt', () => {
  it('is a file, which decides about the chat template itself', () => expect(readPromptSource(read('a/b.prompt'))).toEqual({ kind: 'file', path: 'a/b.prompt', name: 'b.prompt', mode: 'auto' }))
  it('is stdin', () => expect(readPromptSource(read('-', '--chat'))).toMatchObject({ path: '-', name: 'stdin', mode: 'chat' }))
  it('is text, raw', () => expect(readPromptSource(read('--text', 'hi'))).toMatchObject({ kind: 'text', text: 'hi', mode: 'raw' }))
  it('may be the empty text, which the model then refuses', () => expect(readPromptSource(read('--text', ''))).toMatchObject({ text: '' }))
  it.each([[[]], [['a', 'b']], [['a', '--text', 't']], [['--raw', '--chat', 'a']], [['--token-ids', '1', '--chat']]])('%j is refused', (args) => {
    expect(() => readPromptSource(read(...args))).toThrow(UsageError)
  })
})

describe('run', () => {
  it('is what the flags say, and nothing else', async () => {
    expect(await readRunChoices(read('--generate', '8', '--top-p', '0.9', '--layers', '0,5'))).toEqual({ generate: 8, topP: 0.9, layers: [0, 5], edits: [] })
  })
  it('reads all layers on request', async () => expect(await readRunChoices(read('--layers', 'all'))).toEqual({ layers: [], edits: [] }))
  it('has bad input, not bad usage, in an edit line', async () => await expect(readRunChoices(read('--edit', 'L5/12 = x'))).rejects.toThrow(InputError))
  it('names a steer file that is not there', async () => await expect(readRunChoices(read('--steer', '/nowhere.steer'))).rejects.toThrow('steer file /nowhere.steer does not exist'))
  it('refuses a probability above 1', async () => await expect(readRunChoices(read('--top-p', '2'))).rejects.toThrow(UsageError))
})
