// Knows what features mean: the labels of SAE sets, read once each, and the rankings that need them.
import { describeFeature, type FeatureLabels } from '../features/describe'
import { contrastFeatures } from '../features/contrast'
import { InputError } from '../protocol/errors'
import type { FeatureContrast, RunDetail } from '../protocol/requests'
import type { FeatureDescription, FeatureId } from '../protocol/values'

export interface FeatureService {
  /** A function that describes a set's features from memory; with null, or when the set has no labels, it knows no words. */
  describer(saePath: string | null): Promise<(feature: FeatureId) => FeatureDescription>
  /** Throws InputError when a token is not in the run. */
  contrast(run: RunDetail, tokens: readonly number[], count: number): Promise<readonly FeatureContrast[]>
}

export interface FeatureServiceParts {
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
    async contrast(run, tokens, count) {
      const outside = tokens.find((token) => !run.tokens[token])
      if (outside !== undefined) throw new InputError(`token ${outside} is not in run ${run.name}`, `choose tokens from 0 to ${run.tokens.length - 1}`)
      return contrastFeatures([{ run, chosen: tokens }], await labels(run.sae?.path ?? null), count)
    },
  }
}
