// Proposes which features to suppress to be rid of a fault: candidates by contrast, then each tried on the text that went wrong.
import type { Engine, TokenReport } from '../engine/engine'
import type { FeatureContrast, RunDetail, SuppressionProposal } from '../protocol/requests'
import { GREEDY, type Edit, type FeatureId } from '../protocol/values'
import type { Fault } from '../runs/detectors'
import { contrastWeighted } from './contrast'
import { describeFeature, type FeatureLabels } from './describe'
import { ALTERNATIVES_READ, createFaultMeasure, type FaultMeasure } from './faultMeasure'

/** A run and what went wrong in it. */
export interface FaultyRun {
  readonly run: Pick<RunDetail, 'tokens' | 'layers'>
  readonly fault: Fault
}

export interface ProposalRequest {
  /** Of one kind of fault, made with `edits`. */
  readonly faulty: readonly FaultyRun[]
  readonly edits: readonly Edit[]
  /** Most features proposed. */
  readonly count: number
  /** Features that are tried, from the head of the contrast; each takes one reading of each run. */
  readonly candidates?: number
  /** The SAE's k: all features that are active are looked at. */
  readonly k: number
  readonly labels: FeatureLabels
  readonly engine: Pick<Engine, 'generate'>
  /** The text of a token id. */
  readonly tokenText: (id: number) => string
  /** Hears the share that is done. */
  readonly onProgress: (fraction: number) => void
  readonly signal: AbortSignal
}

const CANDIDATES = 64
/** Keeps ratios finite. */
const LEAST_AMOUNT = 1e-9

/**
 * Features to suppress, best first; empty when suppressing none of the candidates makes the fault less likely.
 *
 * Firing where a fault happens does not make a feature its cause. So each candidate is suppressed while the model reads the same faulty
 * text again: it is worth how much less likely the fault becomes, less how much the other tokens of the answer change. Both are means over the
 * runs, in nats. What suppressing several features does together is more than the sum where they say the same thing.
 */
export async function proposeSuppressions(request: ProposalRequest): Promise<SuppressionProposal[]> {
  const { faulty, labels, onProgress } = request
  const subjects: Subject[] = []
  for (const { run, fault } of faulty) subjects.push(await readSubject(run, createFaultMeasure(run, fault, request.tokenText), request))
  const candidates = rankCandidates(subjects).slice(0, request.candidates ?? CANDIDATES)
  const trials = candidates.map((): Trial[] => [])
  // Run by run, so that the engine can go on from what it remembers of the run before a feature first fires.
  for (const [subjectIndex, subject] of subjects.entries()) {
    for (const [index, { feature }] of candidates.entries()) {
      trials[index]!.push(await trySuppressions(subject, [feature], request))
      onProgress((subjectIndex + (index + 1) / candidates.length) / subjects.length)
    }
  }
  const baseAmount = sum(subjects.map(({ baseAmount }) => baseAmount))
  return candidates
    .map((contrast, index) => ({
      ...contrast,
      description: describeFeature(labels, contrast.feature),
      faultDrop: dropOf(baseAmount, sum(trials[index]!.map(({ amount }) => amount))),
      sideEffect: sum(trials[index]!.map(({ sideEffect }) => sideEffect)) / subjects.length,
    }))
    .filter(({ faultDrop, sideEffect }) => faultDrop > sideEffect)
    .sort((a, b) => b.faultDrop - b.sideEffect - (a.faultDrop - a.sideEffect))
    .slice(0, request.count)
}

/** What suppressing all of `features` together does to a fault, in the units of a proposal. */
export async function trySuppressionsTogether(request: Omit<ProposalRequest, 'onProgress'>, features: readonly FeatureId[]): Promise<Pick<SuppressionProposal, 'faultDrop' | 'sideEffect'>> {
  let base = 0
  let left = 0
  let sideEffect = 0
  for (const { run, fault } of request.faulty) {
    const subject = await readSubject(run, createFaultMeasure(run, fault, request.tokenText), request)
    const trial = await trySuppressions(subject, features, request)
    base += subject.baseAmount
    left += trial.amount
    sideEffect += trial.sideEffect
  }
  return { faultDrop: dropOf(base, left), sideEffect: sideEffect / request.faulty.length }
}

type ReadRequest = Pick<ProposalRequest, 'engine' | 'edits' | 'signal' | 'k'>

/** A faulty run as the model reads it without the candidates' suppression. */
interface Subject {
  readonly run: FaultyRun['run']
  readonly measure: FaultMeasure
  readonly base: readonly TokenReport[]
  readonly baseAmount: number
  /** Tokens of the answer before the fault: what a suppression should leave alone. */
  readonly otherTokens: readonly number[]
}

interface Trial {
  readonly amount: number
  readonly sideEffect: number
}

async function readSubject(run: FaultyRun['run'], measure: FaultMeasure, request: ReadRequest): Promise<Subject> {
  const base = await read(run, measure, request, [], request.k)
  const otherTokens = run.tokens.slice(0, measure.start).filter((token) => token.generated).map((token) => token.index)
  return { run, measure, base, baseAmount: measure.amount(base), otherTokens }
}

function rankCandidates(subjects: readonly Subject[]): Omit<FeatureContrast, 'description'>[] {
  const tokens = subjects.flatMap(({ run, measure, base }) => {
    const weights = measure.weights(base)
    return base.slice(0, measure.length - 1).filter(({ index }) => !run.tokens[index]!.outlier).map(({ index, features }) => ({ weight: weights[index]!, features }))
  })
  return contrastWeighted(tokens)
}

function dropOf(base: number, left: number): number {
  return Math.log(Math.max(base, LEAST_AMOUNT) / Math.max(left, LEAST_AMOUNT))
}

async function trySuppressions({ run, measure, base, otherTokens }: Subject, features: readonly FeatureId[], request: ReadRequest): Promise<Trial> {
  const reports = await read(run, measure, request, features.map((feature) => ({ feature, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } })), 0)
  const changes = otherTokens.map((index) => Math.abs((base[index]!.logprob ?? 0) - (reports[index]!.logprob ?? 0)))
  return { amount: measure.amount(reports), sideEffect: changes.length === 0 ? 0 : sum(changes) / changes.length }
}

/** Reads the run's own tokens again, with further edits. */
async function read(run: FaultyRun['run'], { length }: FaultMeasure, { engine, edits, signal }: ReadRequest, further: readonly Edit[], top: number): Promise<TokenReport[]> {
  const reports: TokenReport[] = []
  const promptIds = run.tokens.slice(0, length).map((token) => token.id)
  await engine.generate(
    { promptIds, generate: 0, sampling: GREEDY, stopIds: [], edits: [...edits, ...further], layers: run.layers, top, alternatives: ALTERNATIVES_READ, promptPredictions: true, capture: null },
    (event) => {
      if (event.kind === 'tokens') reports.push(...event.tokens)
      if (event.kind === 'predictions') event.predictions.forEach((prediction, i) => (reports[event.first + i] = { ...reports[event.first + i]!, ...prediction }))
    },
    signal,
  )
  return reports
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
