// The engine as a debug session has it: every call ends, and none begins, once the session's model is lost.
import type { DebuggedEngine } from '../debug/program'

/** Calls reject with the reason of `lost` as soon as it aborts. */
export function debuggedEngine(engine: DebuggedEngine, lost: AbortSignal): DebuggedEngine {
  async function whileThere<Result>(signal: AbortSignal, call: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    lost.throwIfAborted()
    try {
      return await call(AbortSignal.any([signal, lost]))
    } catch (error) {
      lost.throwIfAborted()
      throw error
    }
  }
  return {
    generate: (request, onEvent, signal) => whileThere(signal, (either) => engine.generate(request, onEvent, either)),
    read: (request, onEvent, signal) => whileThere(signal, (either) => engine.read(request, onEvent, either)),
    inspect: (request, signal) => whileThere(signal, (either) => engine.inspect(request, either)),
  }
}
