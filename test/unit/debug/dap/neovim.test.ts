// The Neovim example of docs/debugging.md: its fields are those of a launch, and the messages that nvim-dap sends for it start a session.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { launchSlips, readLaunchArguments } from '../../../../server/debug/readLaunchArguments'
import { fakeProgram } from '../debuggee/fakeProgram'
import { connectAdapter } from './client'

const FILE = '/prompts/fake.prompt'
const guide = readFileSync(resolve(import.meta.dirname, '../../../../docs/debugging.md'), 'utf8')
const lua = /```lua\n([\s\S]*?)```/.exec(guide)![1]!

/** The example's launch configuration, with `${file}` filled in as nvim-dap does; it sends all of it. */
const configuration = (): Record<string, unknown> => {
  const [, table] = /dap\.configurations\.prompt = \{\s*\{([\s\S]*?)\n {2}\}/.exec(lua)!
  const fields = [...table!.matchAll(/(\w+) = (?:'([^']*)'|(true|false|\d+))/g)].map(([, name, text, other]) => [name, text === undefined ? (JSON.parse(other!) as unknown) : text.replace('${file}', FILE)])
  return Object.fromEntries(fields) as Record<string, unknown>
}

it('has a configuration that is understood', () => {
  expect(readLaunchArguments(configuration())).toMatchObject({ program: FILE, stopAtEnd: true })
  expect(launchSlips(configuration())).toEqual([])
  expect(lua).toContain("'serve', '--dap', '--stdio'")
})

it('starts a session with the messages of nvim-dap, whose buffers have the text of the run', async () => {
  // The command line keeps no runs, so there is no document that the editor could open by its address.
  const kept = { runId: null, uri: null, add() {}, cut() {}, change() {}, rest: () => Promise.resolve() }
  const { client, closed } = connectAdapter({ open: () => Promise.resolve({ ...fakeProgram({ path: FILE }), openRecord: () => kept }) })
  // As nvim-dap spells it: clientId and clientname are not the protocol's names.
  const capabilities = await client.request<{ exceptionBreakpointFilters: { filter: string }[] }>('initialize', {
    clientId: 'neovim', clientname: 'neovim', adapterID: 'nvim-dap', pathFormat: 'path', columnsStartAt1: true, linesStartAt1: true, supportsRunInTerminalRequest: true, supportsVariableType: true, locale: 'en_US',
  })
  const filters = /set_exception_breakpoints\(\{ (.*?) \}\)/.exec(guide)![1]!.replaceAll("'", '').split(', ')
  expect(capabilities.exceptionBreakpointFilters.map(({ filter }) => filter)).toEqual(expect.arrayContaining(filters))
  const launched = client.send('launch', configuration())
  await client.event('initialized')
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'generated and position > 9' }] })
  await client.request('setBreakpoints', { source: { path: FILE, name: 'fake.prompt' }, sourceModified: false, breakpoints: [{ line: 1 }], lines: [1] })
  await client.request('setExceptionBreakpoints', { filters })
  await client.request('configurationDone', {})
  expect((await launched).success).toBe(true)

  expect(await client.event('stopped')).toMatchObject({ reason: 'breakpoint' })
  expect((await client.stack(1))[0]!.source).toMatchObject({ path: FILE })
  await client.move('continue', 1)
  const [frame] = await client.stack(1)
  const { sourceReference } = frame!.source!
  expect((await client.request<{ content: string }>('source', { source: frame!.source, sourceReference })).content).toContain('The cat sat on the mat.')
  await client.move('stepBack', 1)
  await client.request('disconnect', {})
  await closed
})
