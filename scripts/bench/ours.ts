// The engine as the benchmarks drive it: through its public interface, timed from outside by when its events arrive.
import type { Engine, LoadedModel, TokenReport } from '../../server/engine/engine'
import { GREEDY, type Edit, type Precision, type Sampling } from '../../server/protocol/values'

export interface Ours {
  readonly engine: Engine
  /** Reads the model again when one is there already. */
  load(precision: Precision): Promise<LoadedModel>
  run(run: Run): Promise<RunTimes>
  /** Milliseconds until features of `layers` over known tokens are there. */
  read(tokenIds: readonly number[], layers: readonly number[]): Promise<number>
  close(): Promise<void>
}

export interface Run {
  readonly ids: readonly number[]
  readonly steps: number
  readonly layers?: readonly number[]
  readonly edits?: readonly Edit[]
  readonly sampling?: Sampling
  /** Stops as soon as this many generated tokens have been reported. */
  readonly until?: number
}

/** Milliseconds from the call, by what had been reported. */
export interface RunTimes {
  /** The last token of the prompt. */
  readonly promptMs: number
  /** Each generated token. */
  readonly tokenMs: readonly number[]
  /** Per generated token, from the prompt's last report to the last token's: reports come several at once. NaN when none was generated. */
  readonly perTokenMs: number
  readonly totalMs: number
  readonly last: TokenReport | undefined
}

export interface OursOptions {
  readonly engine: Engine
  readonly model: string
  readonly sae: string | null
  readonly threads: number
  /** Most features reported per layer and token. */
  readonly top: number
}

export function openOurs({ engine, model, sae, threads, top }: OursOptions): Ours {
  const never = new AbortController().signal
  return {
    engine,
    load: (precision) => engine.load({ modelPath: model, saePath: sae, precision, providers: ['cpu'], threads }, () => undefined, never),
    async run({ ids, steps, layers = [], edits = [], sampling = GREEDY, until = Infinity }) {
      const stop = new AbortController()
      const tokenMs: number[] = []
      let promptMs = NaN
      let last: TokenReport | undefined
      const request = { promptIds: ids, generate: steps, sampling, stopIds: [], edits, layers, top, alternatives: 5, promptPredictions: false, capture: null }
      const started = performance.now()
      try {
        await engine.generate(request, (event) => {
          if (event.kind !== 'tokens') return
          const now = performance.now() - started
          for (const token of event.tokens) {
            if (token.generated) tokenMs.push(now)
            else promptMs = now
            last = token
          }
          if (tokenMs.length >= until) stop.abort()
        }, stop.signal)
      } catch (error) {
        if (!stop.signal.aborted) throw error
      }
      return { promptMs, tokenMs, perTokenMs: ((tokenMs.at(-1) ?? NaN) - promptMs) / tokenMs.length, totalMs: performance.now() - started, last }
    },
    async read(tokenIds, layers) {
      const started = performance.now()
      await engine.read({ tokenIds, promptLength: tokenIds.length, edits: [], layers, top }, () => undefined, never)
      return performance.now() - started
    },
    close: () => engine.dispose(),
  }
}
