// Pausing, waiting and ending: one move at a time, and a pause wherever it comes.
import { expect, it } from 'vitest'
import { CancelledError, InputError } from '../../../../server/protocol/errors'
import { fakeSession, NEVER, ruleAt, startedSession } from './fakeSession'

/** Aborts at the n-th tick of the engine from when it is set. */
function tickPause(): { readonly onTick: () => void; after(ticks: number): AbortSignal } {
  let left = Infinity
  let controller = new AbortController()
  return {
    onTick: () => void (--left === 0 && controller.abort()),
    after(ticks) {
      left = ticks
      controller = new AbortController()
      return controller.signal
    },
  }
}

it('pauses a generation at the last token it has gone over, and goes on with the same tokens', async () => {
  const whole = await startedSession({ settings: { generate: 30 } })
  await whole.go('continue')
  const pause = tickPause()
  const { go, debuggee, program } = await startedSession({ settings: { generate: 30 }, onTick: pause.onTick, batch: () => 1 })
  expect(await go('continue', 1, pause.after(18))).toMatch(/^pause 1\d$/)
  expect(debuggee.branch(1).place.position).toBe(debuggee.branch(1).tokens.length - 1)
  expect(program.records[0]!.rests.at(-1)).toBe('paused')
  expect(await go('continue')).toBe('end 36')
  expect(debuggee.branch(1).tokens).toEqual(whole.debuggee.branch(1).tokens)
})

it('pauses while known tokens are read, forwards and backwards', async () => {
  const pause = tickPause()
  const { go, debuggee } = await startedSession({ settings: { generate: 400 }, onTick: pause.onTick })
  await go('continue')
  debuggee.setRules([ruleAt(1, () => false, { needs: { layers: [0, 1, 2], predictions: false } })])
  await go({ kind: 'goto', position: 0 })
  expect(await go('continue', 1, pause.after(5))).toBe('pause 16')
  const end = debuggee.branch(1).tokens.length - 1
  await go({ kind: 'goto', position: end })
  expect(await go('reverseContinue', 1, pause.after(5))).toBe(`pause ${end - 32}`)
  expect(await go('stepBack', 1, pause.after(1))).toBe(`pause ${end - 32}`)
})

it('stands on the first token when it is paused while the prompt is read, and goes on from there', async () => {
  const whole = await startedSession({})
  await whole.go('continue')
  for (const toFirstStop of [false, true]) {
    const pause = tickPause()
    const { debuggee, go } = fakeSession({ onTick: pause.onTick })
    expect(await debuggee.start(toFirstStop, pause.after(1))).toMatchObject({ reason: 'pause' })
    expect(debuggee.branch(1)).toMatchObject({ place: { position: 0, layer: null }, isRunning: false })
    expect(await go('next')).toBe('step 1')
    await go('continue')
    expect(debuggee.branch(1).tokens).toEqual(whole.debuggee.branch(1).tokens)
  }
})

it('is stopped by a rule on the first token also when it is paused before', async () => {
  const { debuggee } = fakeSession()
  debuggee.setRules([ruleAt(7, [0])])
  expect(await debuggee.start(true, AbortSignal.abort())).toMatchObject({ reason: 'breakpoint', rules: [7] })
})

it('rejects a start that is closed, and a change that is cancelled', async () => {
  const pause = tickPause()
  let close = (): void => {}
  let ticks = 0
  const starting = fakeSession({ onTick: () => void (++ticks === 3 && close()) })
  close = () => void starting.debuggee.close('cancelled')
  await expect(starting.debuggee.start(false, NEVER)).rejects.toThrow(CancelledError)
  expect(starting.debuggee.branches()).toEqual([])

  const { debuggee } = await startedSession({ onTick: pause.onTick })
  const before = debuggee.branch(1)
  await expect(debuggee.change(1, { kind: 'restart' }, pause.after(2))).rejects.toThrow(CancelledError)
  expect(debuggee.branch(1)).toEqual(before)
})

it('lets one move at a time work on a branch, and several branches at once', async () => {
  const { go, debuggee } = await startedSession({ settings: { generate: 10 } })
  const running = go('continue')
  expect(debuggee.branch(1).isRunning).toBe(true)
  await expect(go('next')).rejects.toThrow(new InputError('branch 1 is running', 'pause it first'))
  await expect(debuggee.change(1, { kind: 'restart' }, NEVER)).rejects.toThrow('branch 1 is running')
  await running
  await go({ kind: 'goto', position: 10 })
  await debuggee.change(1, { kind: 'force', ids: [7] }, NEVER)
  await debuggee.change(1, { kind: 'force', ids: [8] }, NEVER)
  expect(await Promise.all([go('continue', 2), go('continue', 3), go('next', 1)])).toEqual(['end 16', 'end 16', 'step 11'])
  expect(debuggee.branches().map(({ tokens }) => tokens[11]!.id).slice(1)).toEqual([7, 8])
})

it('ends what is under way when it is closed, and every record by how its branch ended', async () => {
  const { go, debuggee, program } = await startedSession({ settings: { generate: 10 } })
  await go('continue')
  await go({ kind: 'goto', position: 10 })
  await debuggee.change(1, { kind: 'restart' }, NEVER)
  const running = go('continue', 2)
  await debuggee.close({ message: 'engine ended', remedy: 'start again' })
  expect(await running).toMatch(/^pause /)
  expect(program.records.map(({ rests }) => rests.at(-1))).toEqual(['length', { message: 'engine ended', remedy: 'start again' }])
})

it('passes on what the engine fails with', async () => {
  const lost = new InputError('engine ended', 'start again')
  let isLost = false
  const { go, debuggee } = await startedSession({
    onTick() {
      if (isLost) throw lost
    },
  })
  isLost = true
  await expect(go('continue')).rejects.toBe(lost)
  expect(debuggee.branch(1).isRunning).toBe(false)
})
