// Knows what features mean: the labels of SAE sets, read once each, and the rankings that need them.
import type { Engine } from '../engine/engine'
import { describeFeature, type FeatureLabels } from '../features/describe'
import { contrastFeatures } from '../features/contrast'
import { InputError } from '../protocol/errors'
import { featuresOn, layersOf } from '../protocol/featureColumns'
import { proposeSuppressions } from '../features/proposeSuppressions'
import { tellingFeatures } from '../features/tellingFeatures'
import { parseEditLine } from '../formats/editLine'
import type { FeatureContrast, SuppressionProposal, TokenFeatures } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import { mostActive, type FeatureDescription, type FeatureId, type Progress } from '../protocol/values'
import { detectFaults } from '../runs/detectors'
import { measureSaeFit } from './measureSaeFit'
import { modelOfRun } from './modelOfRun'
import type { ModelService } from './modelService'

export interface FeatureService {
  /** A function that describes a set's features from memory; with null, or when the set has no labels, it knows no words. */
  describer(saePath: string | null): Promise<(feature: FeatureId) => FeatureDescription>
  /** What is listed for a token, as in its hover, and all that fires on it. */
  ofToken(run: RunRecord, token: number): Promise<TokenFeatures>
  /** Throws InputError when a token is not in the run. */
  contrast(run: RunRecord, tokens: readonly number[], count: number): Promise<readonly FeatureContrast[]>
  /** How well the SAE set explains the model on the run's text; rejects as `propose` does. */
  saeFit(run: RunRecord, signal: AbortSignal, onProgress: (progress: Progress) => void): ReturnType<typeof measureSaeFit>
  /** Ranks what to suppress to be rid of the run's first fault by trying it; rejects when another model is loaded than the run was made with. */
  propose(run: RunRecord, count: number, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<readonly SuppressionProposal[]>
}

export interface FeatureServiceParts {
  readonly engine: Engine
  readonly models: ModelService
  readLabels(saePath: string): Promise<FeatureLabels>
  log(message: string): void
}

const NO_LABELS: FeatureLabels = new Map()

export function createFeatureService(parts: FeatureServiceParts): FeatureService {
  const known = new Map<string, Promise<FeatureLabels>>()

  function labels(saePath: string | null): Promise<FeatureLabels> {
    if (saePath === null) return Promise.resolve(NO_LABELS)
    const found = known.get(saePath)
    if (found) return found
    const reading = parts.readLabels(saePath).catch((error: unknown) => {
      parts.log(`labels of ${saePath} cannot be read: ${String(error)}`)
      return NO_LABELS
    })
    known.set(saePath, reading)
    return reading
  }

  return {
    async describer(saePath) {
      const loaded = await labels(saePath)
      return (feature) => describeFeature(loaded, feature)
    },
    async ofToken(run, token) {
      const loaded = await labels(run.sae?.path ?? null)
      const faults = run.status.kind === 'running' ? [] : detectFaults(run)
      const { measure, features } = tellingFeatures(run, token, (feature) => describeFeature(loaded, feature), faults)
      const layers = layersOf(run.features).map((layer) => {
        const after = run.featuresAfterEdit[layer]
        return { layer, features: featuresOn(run.features[layer], token), after: after ? featuresOn(after, token) : null }
      })
      return { layers, measure, features: features.map(({ feature, bar, isSuspect }) => ({ feature, bar, isSuspect })) }
    },
    async contrast(run, tokens, count) {
      const outside = tokens.find((token) => !run.tokens[token])
      if (outside !== undefined) throw new InputError(`token ${outside} is not in run ${run.name}`, `choose tokens from 0 to ${run.tokens.length - 1}`)
      return contrastFeatures([{ run, chosen: tokens }], await labels(run.sae?.path ?? null), count)
    },
    async saeFit(run, signal, onProgress) {
      return measureSaeFit(parts.engine, await modelOfRun(parts.models, run, signal, onProgress), run, signal, onProgress)
    },
    async propose(run, count, signal, onProgress) {
      const fault = detectFaults(run)[0]
      if (!fault) return []
      const { loaded, reader } = await modelOfRun(parts.models, run, signal, onProgress)
      const edits = run.edits.map(({ edit }) => parseEditLine(edit).edit).filter((edit) => edit !== null)
      const report = (fraction: number): void => onProgress({ message: 'trying features', fraction })
      return proposeSuppressions({
        faulty: [{ run, fault }], edits, count, k: mostActive(loaded.sae), labels: await labels(run.sae?.path ?? null), engine: parts.engine, tokenText: (id) => reader.display(id), onProgress: report, signal,
      })
    },
  }
}
