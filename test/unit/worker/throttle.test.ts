// What must hold of a throttle: at once, then not too often, and the last request is never lost.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createThrottle } from '../../../server/worker/throttle'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the first request acts at once, those that follow act once together', async () => {
  const act = vi.fn()
  const throttle = createThrottle(100, act)
  throttle.request()
  throttle.request()
  throttle.request()
  expect(act).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(99)
  expect(act).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(act).toHaveBeenCalledTimes(2)
  await vi.advanceTimersByTimeAsync(1000)
  expect(act).toHaveBeenCalledTimes(2)
  throttle.request()
  expect(act).toHaveBeenCalledTimes(3)
})

test('what waits can be forgotten', async () => {
  const act = vi.fn()
  const throttle = createThrottle(100, act)
  throttle.request()
  throttle.request()
  throttle.cancel()
  await vi.advanceTimersByTimeAsync(1000)
  expect(act).toHaveBeenCalledTimes(1)
})

test('slow work is never begun again before it has ended, and rests in proportion', async () => {
  let running = 0
  const act = vi.fn(async () => {
    expect(++running).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    running--
  })
  const throttle = createThrottle(100, act, 10)
  throttle.request()
  throttle.request()
  await vi.advanceTimersByTimeAsync(50 + 100 + 500 - 1)
  expect(act).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(act).toHaveBeenCalledTimes(2)
})
