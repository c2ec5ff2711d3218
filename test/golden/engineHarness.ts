// Runs an engine in tests: loads golden models, collects token reports, and fills in what a request leaves out.
import type { Engine, GenerateRequest, GenerateResult, LoadedModel, TokenReport } from '../../server/engine/engine'
import { GREEDY } from '../../server/protocol/values'
import type { Golden } from './goldenFiles'

export const NEVER = new AbortController().signal

export function loadGolden(engine: Engine, golden: Pick<Golden, 'modelPath'> & { readonly saePath: string | null }): Promise<LoadedModel> {
  return engine.load({ modelPath: golden.modelPath, saePath: golden.saePath, precision: 'exact', providers: ['cpu'], threads: 1 }, () => {}, NEVER)
}

export interface Generated extends GenerateResult {
  readonly tokens: readonly TokenReport[]
  readonly ids: readonly number[]
}

/** Generates and checks on the way that reports come in order of position, without gaps, and late predictions for tokens that wait for one. */
export async function generate(
  engine: Engine, request: Partial<GenerateRequest> & Pick<GenerateRequest, 'promptIds'>, signal: AbortSignal = NEVER, onToken?: (token: TokenReport) => void,
): Promise<Generated> {
  const tokens: TokenReport[] = []
  const from = request.reportFrom ?? 0
  const defaults: Omit<GenerateRequest, 'promptIds'> = {
    generate: 0, sampling: GREEDY, stopIds: [], edits: [], layers: [], top: 10, alternatives: 3, promptPredictions: true, capture: null,
  }
  const result = await engine.generate(
    { ...defaults, ...request },
    (event) => {
      if (event.kind === 'predictions') event.predictions.forEach((prediction, i) => (tokens[event.first + i - from] = { ...tokens[event.first + i - from]!, ...prediction }))
      if (event.kind !== 'tokens') return
      for (const token of event.tokens) {
        if (token.index !== from + tokens.length) throw new Error(`token ${token.index} was reported where ${from + tokens.length} was due`)
        tokens.push(token)
        onToken?.(token)
      }
    },
    signal,
  )
  return { ...result, tokens, ids: tokens.map(({ id }) => id) }
}
