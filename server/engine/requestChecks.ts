// Refuses generate requests that the loaded model cannot serve, before anything runs.
import { InputError } from '../protocol/errors'
import type { GenerateRequest } from './engine'

export interface CheckedModel {
  readonly contextLength: number
  readonly vocabSize: number
  readonly layers: number
  readonly saeLayers: readonly number[]
}

/** Throws InputError; edits are checked where they are planned. */
export function checkRequest(request: GenerateRequest, model: CheckedModel): void {
  const { promptIds, layers, capture, sampling } = request
  const { contextLength, vocabSize } = model
  if (promptIds.length === 0) throw new InputError('prompt is empty', 'write at least one token')
  if (promptIds.length > contextLength)
    throw new InputError(`prompt has ${promptIds.length} tokens and the model's context holds ${contextLength}`, 'shorten the prompt')
  promptIds.forEach((id, index) => {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize)
      throw new InputError(`token id ${id} at position ${index} is outside the vocabulary`, `use ids from 0 to ${vocabSize - 1}`)
  })
  for (const layer of [...layers, ...(capture?.residualLayers ?? [])]) {
    if (!Number.isInteger(layer) || layer < 0 || layer >= model.layers)
      throw new InputError(`layer ${layer} is not in the model`, `choose layers from 0 to ${model.layers - 1}`)
  }
  for (const layer of [...layers, ...(request.reconstructionLayers ?? [])]) {
    if (!model.saeLayers.includes(layer))
      throw new InputError(`layer ${layer} has no SAE`, model.saeLayers.length ? `choose among the layers ${model.saeLayers.join(', ')}` : 'choose an SAE set')
  }
  for (const [name, value] of Object.entries({ generate: request.generate, top: request.top, alternatives: request.alternatives })) {
    if (!Number.isInteger(value) || value < 0) throw new InputError(`${name} ${value} is not a whole number`, 'use 0 or more')
  }
  if (!(sampling.temperature >= 0 && sampling.temperature < Infinity)) throw new InputError(`temperature ${sampling.temperature} is out of range`, 'use 0 or more')
  if (!(sampling.topP > 0 && sampling.topP <= 1)) throw new InputError(`top-p ${sampling.topP} is out of range`, 'use a number above 0 and at most 1')
  if (!Number.isInteger(sampling.topK) || sampling.topK < 0) throw new InputError(`top-k ${sampling.topK} is out of range`, 'use 0 for off, or a whole number')
  if (!Number.isSafeInteger(sampling.seed)) throw new InputError(`seed ${sampling.seed} is not a whole number`, 'use a whole number')
}
