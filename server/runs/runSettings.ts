// Decides what a run is done with: user settings, then a prompt file's front matter, then command-line flags; the last to speak wins.
import type { GenerateRequest, LoadedModel } from '../engine/engine'
import { renderFeature } from '../formats/editLine'
import { InputError } from '../protocol/errors'
import type { Edit, EditPositions, Sampling } from '../protocol/values'

/** What one source says about a run; what it leaves out, an earlier source decides. */
export interface RunChoices {
  readonly generate?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly seed?: number
  /** Layers whose features are read; empty means all. */
  readonly layers?: readonly number[]
  /** Added to the edits of earlier sources, except that those of the same feature and positions give way. Within one source all apply, and their differences add. */
  readonly edits?: readonly Edit[]
  /** Tokens at which generation ends, besides those that the model names. */
  readonly stopIds?: readonly number[]
}

/** All that a run needs beside model and prompt. */
export interface RunSettings {
  readonly generate: number
  readonly sampling: Sampling
  readonly layers: readonly number[]
  readonly edits: readonly Edit[]
  readonly stopIds: readonly number[]
}

/** Merges sources, weakest first: settings, front matter, flags. Without any: greedy, no token generated, all layers. */
export function mergeRunSettings(...sources: readonly RunChoices[]): RunSettings {
  const last = <K extends keyof RunChoices>(key: K, fallback: NonNullable<RunChoices[K]>): NonNullable<RunChoices[K]> =>
    sources.reduce<NonNullable<RunChoices[K]>>((value, source) => source[key] ?? value, fallback)
  return {
    generate: last('generate', 0),
    sampling: { temperature: last('temperature', 0), topP: last('topP', 1), topK: last('topK', 0), seed: last('seed', 0) },
    layers: last('layers', []),
    edits: mergeEdits(sources.map((source) => source.edits ?? [])),
    stopIds: last('stopIds', []),
  }
}

function mergeEdits(sources: readonly (readonly Edit[])[]): Edit[] {
  const place = (edit: Edit): string => `${renderFeature(edit.feature)} ${renderPositions(edit.positions)}`
  return sources.reduce<Edit[]>((earlier, source) => {
    const replaced = new Set(source.map(place))
    return [...earlier.filter((edit) => !replaced.has(place(edit))), ...source]
  }, [])
}

function renderPositions(positions: EditPositions): string {
  return positions.kind === 'ranges' ? positions.ranges.join(' ') : positions.kind
}

/** What is read and kept of a run beyond its settings. */
export interface RunExtent {
  /** Most features per layer and token; the SAE's k reads all that are active. */
  readonly top: number
  readonly alternatives: number
  readonly capture: GenerateRequest['capture']
  /** Layers whose reconstruction error is measured; default none. */
  readonly reconstructionLayers?: readonly number[]
}

/** The engine's request for a run of `promptIds`. Throws InputError for a layer that the SAE set does not have. */
export function buildGenerateRequest(settings: RunSettings, promptIds: readonly number[], model: LoadedModel, extent: RunExtent): GenerateRequest {
  return {
    promptIds,
    generate: settings.generate,
    sampling: settings.sampling,
    stopIds: [...new Set([...model.stopIds, ...settings.stopIds])],
    edits: settings.edits,
    layers: resolveLayers(settings.layers, model),
    promptPredictions: true,
    ...extent,
  }
}

/** The layers whose features a run reads: those asked for, or all that the SAE set has. Without an SAE set there are none. */
export function resolveLayers(layers: readonly number[], model: Pick<LoadedModel, 'identity' | 'saeLayers'>): readonly number[] {
  const outside = layers.find((layer) => layer < 0 || layer >= model.identity.layers)
  if (outside !== undefined) throw new InputError(`layer ${outside} does not exist in this model`, `choose layers from 0 to ${model.identity.layers - 1}`)
  if (layers.length === 0 || model.saeLayers.length === 0) return model.saeLayers
  const missing = layers.find((layer) => !model.saeLayers.includes(layer))
  if (missing !== undefined) throw new InputError(`layer ${missing} has no autoencoder in this SAE set`, `choose from layers ${model.saeLayers.join(', ')}`)
  return [...new Set(layers)].sort((a, b) => a - b)
}
