// A session over the fake program: what is said when, from start to end.
import { expect, it } from 'vitest'
import { fakeProgram } from '../debuggee/fakeProgram'
import { connectAdapter } from './client'

it('runs a prompt to its end and says its text', async () => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  const launched = await client.start({ text: 'The cat' })
  expect(launched).toMatchObject({ success: true })
  await client.event('terminated')
  expect(client.hasEvent('exited')).toBe(true)
  await client.request('disconnect')
  await closed
  expect(log).toEqual([])
})

it('stops on entry, steps, and shows all scopes', async () => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat', stopOnEntry: true })
  expect(await client.event('stopped')).toMatchObject({ reason: 'entry', threadId: 1 })
  await client.move('next', 1)
  await client.move('stepIn', 1)
  expect((await client.stack(1)).map(({ name }) => name)).toEqual(['layer 0', '" cat" · token 1'])
  for (const name of ['Features', 'Pinned', 'Next token', 'Logit lens', 'Residual', 'Edits', 'Sampler']) expect(await client.scope(1, name)).toBeInstanceOf(Array)
  await client.request('disconnect')
  await closed
  expect(log).toEqual([])
})
