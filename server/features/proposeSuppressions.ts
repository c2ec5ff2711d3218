// Proposes which features to suppress to be rid of a fault: candidates by contrast, then each tried on the text that went wrong.
import type { Engine, TokenReport } from '../engine/engine'
import type { FeatureContrast, RunDetail } from '../protocol/requests'
import { GREEDY, type Edit, type FeatureId } from '../protocol/values'
import type { Fault } from '../runs/detectors'
import { contrastFeatures } from './contrast'
import type { FeatureLabels } from './describe'

/** A run and what went wrong in it. */
export interface FaultyRun {
  readonly run: Pick<RunDetail, 'tokens' | 'features'>
  readonly fault: Fault
}

/** A feature to suppress and what suppressing it was seen to do, in nats of log-probability per token, averaged over the faulty runs. */
export interface Suppression extends FeatureContrast {
  /** How much less likely the fault's own tokens become, the text before them being the same. */
  readonly faultDrop: number
  /** How much the completion's other tokens change, up or down: the harm done beside. */
  readonly sideEffect: number
}

/** Candidates that are tried on each run, taken from the head of the contrast. */
const CANDIDATES = 32
/** Tokens of a fault that are read: later ones follow from the text before them. */
const FAULT_TOKENS = 12

/**
 * The tokens on which features are looked for: those from which the fault's tokens are predicted, so each one's predecessor.
 * Of a loop the first unit is left out, since it is not yet a repetition.
 */
export function tokensToContrast(fault: Fault): number[] {
  const start = fault.kind === 'loop' ? fault.first + fault.period : fault.first
  return Array.from({ length: fault.last - start + 1 }, (_, offset) => start + offset - 1)
}

/** Features that fire where the fault is about to happen, ranked by contrast alone: no model is run. */
export function rankForFaults(faulty: readonly FaultyRun[], labels: FeatureLabels, count: number): FeatureContrast[] {
  return contrastFeatures(faulty.map(({ run, fault }) => ({ run, chosen: tokensToContrast(fault) })), labels, count)
}

/**
 * Ranks features to suppress, best first, at most `count`; empty when suppressing none of the candidates makes the fault less likely.
 *
 * Firing where a fault happens does not make a feature its cause. So each candidate is suppressed while the model reads the
 * same faulty text again: the score is how much less likely the fault's tokens become, less what happens to the other tokens.
 * `edits` are those that were active in the runs; `onProgress` hears the share that is done.
 */
export async function proposeSuppressions(
  faulty: readonly FaultyRun[],
  labels: FeatureLabels,
  count: number,
  engine: Pick<Engine, 'generate'>,
  edits: readonly Edit[],
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Suppression[]> {
  const candidates = rankForFaults(faulty, labels, CANDIDATES)
  const suppressions: Suppression[] = []
  for (const [index, candidate] of candidates.entries()) {
    const effects: { faultDrop: number; sideEffect: number }[] = []
    for (const subject of faulty) effects.push(await trySuppression(subject, candidate.feature, engine, edits, signal))
    suppressions.push({ ...candidate, faultDrop: mean(effects.map((effect) => effect.faultDrop)), sideEffect: mean(effects.map((effect) => effect.sideEffect)) })
    onProgress((index + 1) / candidates.length)
  }
  const worth = (suppression: Suppression): number => suppression.faultDrop - suppression.sideEffect
  return suppressions.filter(({ faultDrop }) => faultDrop > 0).sort((a, b) => worth(b) - worth(a)).slice(0, count)
}

async function trySuppression({ run, fault }: FaultyRun, feature: FeatureId, engine: Pick<Engine, 'generate'>, edits: readonly Edit[], signal: AbortSignal): Promise<{ faultDrop: number; sideEffect: number }> {
  const predicted = tokensToContrast(fault).slice(0, FAULT_TOKENS).map((index) => index + 1)
  const promptIds = run.tokens.slice(0, predicted.at(-1)! + 1).map((token) => token.id)
  const suppression: Edit = { feature, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } }
  const reports: TokenReport[] = []
  await engine.generate(
    { promptIds, generate: 0, sampling: GREEDY, stopIds: [], edits: [...edits, suppression], layers: [], top: 0, alternatives: 0, capture: null },
    (event) => {
      if (event.kind === 'tokens') reports.push(...event.tokens)
    },
    signal,
  )
  const changeAt = (index: number): number => (run.tokens[index]?.logprob ?? 0) - (reports[index]?.logprob ?? 0)
  const others = run.tokens.filter((token) => token.generated && token.index < predicted[0]!).map((token) => token.index)
  return { faultDrop: mean(predicted.map(changeAt)), sideEffect: mean(others.map((index) => Math.abs(changeAt(index)))) }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
