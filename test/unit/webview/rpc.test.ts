// The channel under the panels: every call is answered exactly once, whatever happens.
import { describe, expect, it } from 'vitest'
import { InputError } from '../../../server/protocol/errors'
import { answer, connect, type Call, type Reply } from '../../../server/protocol/rpc'

interface Api {
  double(value: number): Promise<number>
  refuse(): Promise<void>
  never(): Promise<void>
}

/** Two ends joined by copies of what crosses; `replies` counts the answers. */
function join() {
  const replies: Reply[] = []
  const handlers: Api = {
    double: async (value) => value * 2,
    refuse: async () => {
      throw new InputError('layer 9 does not exist', 'choose one below 6')
    },
    never: () => new Promise(() => undefined),
  }
  const caller = connect<Api>((call: Call) => void answer(handlers, structuredClone(call), (reply) => {
    replies.push(reply)
    caller.receive(structuredClone(reply))
  }))
  return { caller, replies }
}

describe('calls', () => {
  it('bring back the result', async () => {
    const { caller, replies } = join()
    expect(await Promise.all([caller.api.double(2), caller.api.double(21)])).toEqual([4, 42])
    expect(replies).toHaveLength(2)
  })

  it('carry the reason and the remedy of a refusal', async () => {
    const { caller } = join()
    await expect(caller.api.refuse()).rejects.toMatchObject({ name: 'InputError', message: 'layer 9 does not exist', remedy: 'choose one below 6' })
  })

  it('are answered when the method does not exist, or only on the prototype', async () => {
    const { caller } = join()
    for (const method of ['missing', 'toString', 'constructor']) {
      await expect((caller.api as unknown as Record<string, () => Promise<void>>)[method]!()).rejects.toThrow(`method ${method} does not exist`)
    }
  })

  it('are rejected when the channel closes, also those that come later', async () => {
    const { caller } = join()
    const waiting = caller.api.never()
    caller.close(new Error('the panel was closed'))
    await expect(waiting).rejects.toThrow('the panel was closed')
    await expect(caller.api.double(1)).rejects.toThrow('the panel was closed')
  })
})

it('the far end can be awaited without looking like a promise', async () => {
  const { caller } = join()
  expect(await Promise.resolve(caller.api)).toBe(caller.api)
})

it('a reply that nobody waits for changes nothing', () => {
  const { caller } = join()
  expect(() => caller.receive({ id: 99, ok: 1 })).not.toThrow()
})
