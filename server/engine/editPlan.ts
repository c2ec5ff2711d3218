// What a request's edits come to at each position: checked once, then asked position by position.
import { InputError } from '../protocol/errors'
import type { Edit, EditOperation, EditPositions, FeatureId } from '../protocol/values'

/** An edit as it applies at one position of one layer; `index` is its place in the request. */
export interface ActiveEdit {
  readonly index: number
  readonly feature: number
  readonly operation: EditOperation
}

export interface EditPlan {
  /** The same for edits that come to the same. */
  readonly key: string
  /** Layers with an edit at any position, ascending. */
  readonly layers: readonly number[]
  /** Edits that apply at a position of a layer, in the order of the request. */
  at(layer: number, position: number): readonly ActiveEdit[]
}

/** What edits are checked against. */
export interface EditableModel {
  readonly layers: number
  readonly saeLayers: readonly number[]
  /** Null without an SAE set. */
  readonly dSae: number | null
}

const NONE: readonly ActiveEdit[] = []

/** Throws InputError for an edit of a layer, feature or value that does not exist. */
export function planEdits(edits: readonly Edit[], model: EditableModel, promptLength: number): EditPlan {
  for (const edit of edits) checkEdit(edit, model)
  const byLayer = new Map<number, { readonly active: ActiveEdit; readonly positions: EditPositions }[]>()
  edits.forEach(({ feature: { layer, feature }, operation, positions }, index) => {
    const list = byLayer.get(layer) ?? []
    list.push({ active: { index, feature, operation }, positions })
    byLayer.set(layer, list)
  })
  return {
    // Whether a position is in the prompt decides where some apply.
    key: `${promptLength} ${JSON.stringify(edits)}`,
    layers: [...byLayer.keys()].sort((a, b) => a - b),
    at(layer, position) {
      const list = byLayer.get(layer)
      if (!list) return NONE
      return list.filter(({ positions }) => covers(positions, position, promptLength)).map(({ active }) => active)
    },
  }
}

function covers(positions: EditPositions, position: number, promptLength: number): boolean {
  switch (positions.kind) {
    case 'all':
      return true
    case 'prompt':
      return position < promptLength
    case 'generated':
      return position >= promptLength
    case 'last':
      return position === promptLength - 1
    case 'ranges':
      return positions.ranges.some(([first, last]) => first <= position && position <= last)
  }
}

function checkEdit({ feature, operation }: Edit, model: EditableModel): void {
  const name = `edit of ${featureName(feature)}`
  if (model.dSae === null) throw new InputError(`${name} needs an SAE set and none is loaded`, 'choose the SAE set of the model')
  if (!Number.isInteger(feature.layer) || feature.layer < 0 || feature.layer >= model.layers)
    throw new InputError(`${name} is beyond the model's ${model.layers} layers`, `choose a layer from 0 to ${model.layers - 1}`)
  if (!model.saeLayers.includes(feature.layer))
    throw new InputError(`${name} is at a layer without an SAE`, `choose one of the layers ${model.saeLayers.join(', ')}`)
  if (!Number.isInteger(feature.feature) || feature.feature < 0 || feature.feature >= model.dSae)
    throw new InputError(`${name} is beyond the SAE's ${model.dSae} features`, `choose a feature from 0 to ${model.dSae - 1}`)
  if (!Number.isFinite(operation.value)) throw new InputError(`${name} has the value ${operation.value}`, 'use a finite number')
}

function featureName({ layer, feature }: FeatureId): string {
  return `L${layer}/${feature}`
}
