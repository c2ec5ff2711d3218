// The private pipe of a debug session: for this user only, for one connection, and gone afterwards.
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { openDebugPipe } from '../../../server/worker/debugPipe'

async function connected(path: string): Promise<Socket> {
  const socket = connect(path)
  await once(socket, 'connect')
  return socket
}

test('takes one connection, carries bytes both ways, and leaves nothing on disk', async () => {
  const pipe = await openDebugPipe(30_000)
  if (process.platform !== 'win32') expect(statSync(dirname(pipe.path)).mode & 0o777).toBe(0o700)
  const client = await connected(pipe.path)
  const server = (await pipe.connected)!
  client.write('ping')
  expect(String((await once(server, 'data'))[0])).toBe('ping')
  server.write('pong')
  expect(String((await once(client, 'data'))[0])).toBe('pong')

  if (process.platform !== 'win32') expect(existsSync(dirname(pipe.path))).toBe(false)
  await expect(connected(pipe.path)).rejects.toThrow()
  client.destroy()
  server.destroy()
})

test('two at once have addresses of their own', async () => {
  const [first, second] = await Promise.all([openDebugPipe(30_000), openDebugPipe(30_000)])
  expect(first.path).not.toBe(second.path)
  first.close()
  expect(await first.connected).toBeNull()
  const client = await connected(second.path)
  expect(await second.connected).not.toBeNull()
  client.destroy()
  ;(await second.connected)!.destroy()
})

test('that nobody connects to in time is gone', async () => {
  const pipe = await openDebugPipe(1)
  expect(await pipe.connected).toBeNull()
  await expect(connected(pipe.path)).rejects.toThrow()
})
