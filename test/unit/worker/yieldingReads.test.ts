// Reading of layers gives way to everything else that is asked of the engine, loses nothing by it, and ends with the model.
import { expect, test } from 'vitest'
import type { ReadEvent, ReadRequest } from '../../../server/engine/engine'
import { CancelledError } from '../../../server/protocol/errors'
import { GREEDY } from '../../../server/protocol/values'
import { withYieldingReads } from '../../../server/worker/yieldingReads'
import { createFakeEngine } from './fakeEngine'

const request: ReadRequest = { tokenIds: [1, 2, 3], promptLength: 3, edits: [], layers: [0, 1, 2], top: 4 }
const generation = { promptIds: [1], generate: 1, sampling: GREEDY, stopIds: [], edits: [], layers: [], top: 0, alternatives: 0, promptPredictions: false, capture: null }
const never = new AbortController().signal

function start(signal = never) {
  const inner = createFakeEngine()
  inner.hold()
  const engine = withYieldingReads(inner, 0)
  const events: ReadEvent[] = []
  const layers = (): number[] => events.flatMap((event) => (event.kind === 'layer' ? [event.report.layer] : []))
  let onLayer = (): void => {}
  const layerCame = (): Promise<void> => new Promise((resolve) => (onLayer = resolve))
  const reading = engine.read(request, (event) => {
    events.push(event)
    if (event.kind === 'layer') onLayer()
  }, signal)
  return { inner, engine, reading, layers, layerCame }
}

test('stops at once for a run, and goes on after it with the layers that are left', async () => {
  const { inner, engine, reading, layers, layerCame } = start()
  inner.release(1)
  await layerCame()
  const run = engine.generate(generation, () => {}, never)
  inner.release(1)
  await run
  expect(layers()).toEqual([0])
  inner.release(99)
  await reading
  expect(layers()).toEqual([0, 1, 2])
  expect(inner.reads.map(({ layers: asked }) => asked)).toEqual([[0, 1, 2], [1, 2]])
})

test('does not begin while something else goes on', async () => {
  const inner = createFakeEngine()
  const engine = withYieldingReads(inner, 0)
  inner.hold()
  const run = engine.generate(generation, () => {}, never)
  const reading = engine.read(request, () => {}, never)
  await new Promise((resolve) => setImmediate(resolve))
  expect(inner.reads).toHaveLength(0)
  inner.release(99)
  await Promise.all([run, reading])
  expect(inner.reads).toHaveLength(1)
})

test('can be cancelled while it waits and while it reads', async () => {
  const controller = new AbortController()
  const { inner, engine, reading } = start(controller.signal)
  void engine.generate(generation, () => {}, never)
  controller.abort()
  await expect(reading).rejects.toBeInstanceOf(CancelledError)
  const second = new AbortController()
  const other = start(second.signal)
  second.abort()
  await expect(other.reading).rejects.toBeInstanceOf(CancelledError)
  expect(inner.reads).toHaveLength(1)
})

test('ends with a sentence when another model is loaded', async () => {
  const { engine, reading } = start()
  const lost = expect(reading).rejects.toMatchObject({ message: 'layers were not read to the end, because the model was changed', remedy: expect.any(String) as string })
  await engine.load({ modelPath: '/other', saePath: null, precision: 'exact', providers: [], threads: null }, () => {}, never)
  await lost
})

test('rejects as the engine does when it fails', async () => {
  const inner = { ...createFakeEngine(), read: async () => Promise.reject(new Error('the engine process stopped')) }
  await expect(withYieldingReads(inner, 0).read(request, () => {}, never)).rejects.toThrow('the engine process stopped')
})

test('reads predictions alone, and gives way there, too', async () => {
  const asked: ReadRequest[] = []
  let proceed = (): void => {}
  const inner = {
    ...createFakeEngine(),
    async read(wanted: ReadRequest, onEvent: (event: ReadEvent) => void, signal: AbortSignal) {
      asked.push(wanted)
      await new Promise<void>((resolve) => {
        proceed = resolve
        signal.addEventListener('abort', () => resolve())
      })
      if (signal.aborted) throw new CancelledError()
      onEvent({ kind: 'predictions', predictions: [null] })
    },
  }
  const engine = withYieldingReads(inner, 0)
  const events: ReadEvent[] = []
  const reading = engine.read({ ...request, layers: [], predictions: { alternatives: 2 } }, (event) => events.push(event), never)
  await new Promise((resolve) => setImmediate(resolve))
  await engine.generate(generation, () => {}, never)
  while (asked.length < 2) await new Promise((resolve) => setImmediate(resolve))
  proceed()
  await reading
  expect(events.at(-1)).toEqual({ kind: 'predictions', predictions: [null] })
})
