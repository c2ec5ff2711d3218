// The engine as a debug session has it: every call ends, and none begins, once the session's model is lost.
import { linkedController } from '../debug/debuggee/linkedController'
import type { DebuggedEngine } from '../debug/program'

/** Calls reject with the reason of `lost` as soon as it aborts. */
export function debuggedEngine(engine: DebuggedEngine, lost: AbortSignal): DebuggedEngine {
  async function whileThere<Result>(signal: AbortSignal, call: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    lost.throwIfAborted()
    const { controller, unlink } = linkedController([signal, lost])
    try {
      return await call(controller.signal)
    } catch (error) {
      lost.throwIfAborted()
      throw error
    } finally {
      unlink()
    }
  }
  return {
    generate: (request, onEvent, signal) => whileThere(signal, (either) => engine.generate(request, onEvent, either)),
    read: (request, onEvent, signal) => whileThere(signal, (either) => engine.read(request, onEvent, either)),
    inspect: (request, signal) => whileThere(signal, (either) => engine.inspect(request, either)),
  }
}
