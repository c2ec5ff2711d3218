// What stays open and what is let go, by use and by size.
import { expect, it } from 'vitest'
import { createResidents } from '../../../server/engine/encoding/residents'

function residents(limitBytes: number) {
  const log: string[] = []
  const kept = createResidents<{ readonly bytes: number; release(): Promise<void> }>(limitBytes)
  const open = (key: number, bytes: number) => () => {
    log.push(`open ${key}`)
    return Promise.resolve({
      bytes,
      release: () => {
        log.push(`release ${key}`)
        return Promise.resolve()
      },
    })
  }
  const use = (key: number, bytes = 10, work: () => Promise<void> = () => Promise.resolve()) => kept.use(key, open(key, bytes), work)
  return { kept, log, use }
}

it('opens once and keeps', async () => {
  const { kept, log, use } = residents(20)
  await use(1)
  await use(1)
  expect(log).toEqual(['open 1'])
  expect(kept.bytes).toBe(10)
})

it('lets go what was not used for longest', async () => {
  const { log, use } = residents(20)
  for (const key of [1, 2, 1, 3]) await use(key)
  expect(log).toEqual(['open 1', 'open 2', 'open 3', 'release 2'])
})

it('keeps the one in use, however large', async () => {
  const { log, use } = residents(20)
  await use(1, 50)
  await use(2)
  expect(log).toEqual(['open 1', 'open 2', 'release 1'])
})

it('lets go nothing that is in use', async () => {
  const { log, use } = residents(10)
  await use(1, 10, () => use(2))
  expect(log).toEqual(['open 1', 'open 2'])
  await use(3)
  expect(log).toEqual(['open 1', 'open 2', 'open 3', 'release 1', 'release 2'])
})

it('says whether one more would fit', async () => {
  const { kept, use } = residents(30)
  expect(kept.hasRoom).toBe(true)
  await use(1, 10)
  expect([kept.has(1), kept.has(2), kept.hasRoom]).toEqual([true, false, true])
  await use(2, 15)
  expect(kept.hasRoom).toBe(false)
})

it('opens again after a failure', async () => {
  const { kept } = residents(10)
  await expect(kept.use(1, () => Promise.reject(new Error('no')), () => Promise.resolve())).rejects.toThrow('no')
  await expect(kept.use(1, () => Promise.resolve({ bytes: 1, release: () => Promise.resolve() }), ({ bytes }) => Promise.resolve(bytes))).resolves.toBe(1)
})

it('releases all', async () => {
  const { kept, log, use } = residents(100)
  await use(1)
  await use(2)
  await kept.release()
  expect(log).toEqual(['open 1', 'open 2', 'release 1', 'release 2'])
  expect(kept.bytes).toBe(0)
})
