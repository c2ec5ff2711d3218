// An engine whose reading of layers gives way: whatever else is asked of it goes first, and reading goes on when that has ended.
import type { Engine, ReadRequest } from '../engine/engine'
import { CancelledError, InputError } from '../protocol/errors'
import { orCancelled } from './abort'

/** Tries of suggestions and the like follow each other closely: reading must not begin between two of them. */
const REST_MS = 150

interface Reading {
  /** Stops what the engine does for it now. */
  pause: (() => void) | null
  /** The model that it reads is gone. */
  isLost: boolean
}

export interface YieldingEngine extends Engine {
  /** Reads without giving way, as someone who steps through tokens needs it. */
  readonly readAtOnce: Engine['read']
}

/** A read that gives way reports its progress as 0 and later asks for the layers that have not come yet. It rejects with InputError when the model is changed meanwhile. */
export function withYieldingReads(engine: Engine, restMs = REST_MS): YieldingEngine {
  const readings = new Set<Reading>()
  let others = 0
  let rested = Promise.resolve()
  let rest = (): void => {}
  let timer: NodeJS.Timeout | undefined

  async function before<Result>(work: () => Promise<Result>): Promise<Result> {
    clearTimeout(timer)
    if (others++ === 0 && timer === undefined) rested = new Promise((resolve) => (rest = resolve))
    timer = undefined
    for (const { pause } of readings) pause?.()
    try {
      return await work()
    } finally {
      if (--others === 0) {
        timer = setTimeout(() => {
          timer = undefined
          rest()
        }, restMs)
      }
    }
  }

  const change = <Result>(work: () => Promise<Result>): Promise<Result> => {
    for (const reading of readings) reading.isLost = true
    return before(work)
  }

  async function read(request: ReadRequest, onEvent: Parameters<Engine['read']>[1], signal: AbortSignal): Promise<void> {
    const left = new Set(request.layers)
    let isPredicted = request.predictions === undefined
    const reading: Reading = { pause: null, isLost: false }
    readings.add(reading)
    try {
      while (left.size > 0 || !isPredicted) {
        await orCancelled(rested, signal)
        if (reading.isLost) throw new InputError('layers were not read to the end, because the model was changed', 'load the model of the run and read them again')
        const controller = new AbortController()
        reading.pause = () => controller.abort()
        try {
          await engine.read({ ...request, layers: [...left] }, (event) => {
            if (event.kind === 'layer') left.delete(event.report.layer)
            if (event.kind === 'predictions') isPredicted = true
            onEvent(event)
          }, AbortSignal.any([signal, controller.signal]))
          return
        } catch (error) {
          if (!(error instanceof CancelledError) || signal.aborted || !controller.signal.aborted) throw error
          onEvent({ kind: 'progress', fraction: 0 })
        } finally {
          reading.pause = null
        }
      }
    } finally {
      readings.delete(reading)
    }
  }

  return {
    load: (...args) => change(() => engine.load(...args)),
    generate: (...args) => before(() => engine.generate(...args)),
    read,
    readAtOnce: (...args) => before(() => engine.read(...args)),
    inspect: (...args) => before(() => engine.inspect(...args)),
    memory: () => engine.memory(),
    unload: () => change(() => engine.unload()),
    dispose: () => change(() => engine.dispose()),
  }
}
