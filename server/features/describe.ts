// What is known about features without running anything: the labels of their SAE set.
import { parseFeature, renderFeature } from '../formats/editLine'
import { InputError } from '../protocol/errors'
import type { FeatureDescription, FeatureId } from '../protocol/values'

/** Descriptions by feature name, `L14/6159`, as an SAE set's labels file gives them. */
export type FeatureLabels = ReadonlyMap<string, FeatureDescription>

/** The file in an SAE set's folder that holds its labels. */
export const LABELS_FILE = 'labels.json'

/** The feature's label, or a description without words where the set has none. */
export function describeFeature(labels: FeatureLabels, feature: FeatureId): FeatureDescription {
  return labels.get(renderFeature(feature)) ?? { feature, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null }
}

/**
 * Reads labels.json, `{ "features": { "L14/6159": { label, tokens, density, typicalActivation, maxActivation } } }`; every field may be left out.
 * Throws InputError when `text` is no such file; `name` is what it is called then.
 */
export function parseFeatureLabels(text: string, name: string): FeatureLabels {
  const remedy = 'use the labels that came with the SAE set, or delete the file'
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new InputError(`${name} is not JSON`, remedy)
  }
  const entries = isRecord(json) ? json.features : undefined
  if (!isRecord(entries)) throw new InputError(`${name} has no "features"`, remedy)
  const labels = new Map<string, FeatureDescription>()
  for (const [key, entry] of Object.entries(entries)) {
    const feature = parseFeature(key)
    if (feature && isRecord(entry)) labels.set(renderFeature(feature), readDescription(feature, entry))
  }
  return labels
}

function readDescription(feature: FeatureId, entry: Readonly<Record<string, unknown>>): FeatureDescription {
  const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
  return {
    feature,
    label: typeof entry.label === 'string' && entry.label !== '' ? entry.label : null,
    tokens: Array.isArray(entry.tokens) ? entry.tokens.filter((token) => typeof token === 'string') : [],
    density: number(entry.density),
    typicalActivation: number(entry.typicalActivation),
    maxActivation: number(entry.maxActivation),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
