// Refuses requests that the loaded model cannot serve, before anything runs.
import { InputError } from '../protocol/errors'
import type { GenerateRequest, InspectRequest, ReadRequest } from './engine'

export interface CheckedModel {
  readonly contextLength: number
  readonly vocabSize: number
  readonly layers: number
  readonly saeLayers: readonly number[]
}

/** Throws InputError; edits are checked where they are planned. */
export function checkRequest(request: GenerateRequest, model: CheckedModel): void {
  const { promptIds, givenIds = [], layers, capture, sampling } = request
  checkTokens(promptIds, model)
  if (givenIds.length > 0) checkTokens([...promptIds, ...givenIds], model, { name: 'prompt with its given tokens', remedy: 'give fewer tokens' })
  checkLayers([...layers, ...(capture?.residualLayers ?? [])], model)
  checkSaeLayers([...layers, ...(request.reconstructionLayers ?? [])], model)
  checkCounts({ generate: request.generate, 'first reported token': request.reportFrom ?? 0, top: request.top, alternatives: request.alternatives })
  if (!(sampling.temperature >= 0 && sampling.temperature < Infinity)) throw new InputError(`temperature ${sampling.temperature} is out of range`, 'use 0 or more')
  if (!(sampling.topP > 0 && sampling.topP <= 1)) throw new InputError(`top-p ${sampling.topP} is out of range`, 'use a number above 0 and at most 1')
  if (!Number.isInteger(sampling.topK) || sampling.topK < 0) throw new InputError(`top-k ${sampling.topK} is out of range`, 'use 0 for off, or a whole number')
  if (!Number.isSafeInteger(sampling.seed)) throw new InputError(`seed ${sampling.seed} is not a whole number`, 'use a whole number')
}

/** Throws InputError; edits are checked where they are planned. */
export function checkReadRequest({ tokenIds, promptLength, layers, top, from = 0, predictions }: ReadRequest, model: CheckedModel): void {
  checkTokens(tokenIds, model)
  checkLayers(layers, model)
  checkSaeLayers(layers, model)
  checkCounts({ promptLength, top, 'first reported token': from, alternatives: predictions?.alternatives ?? 0 })
}

/** Throws InputError; edits are checked where they are planned. */
export function checkInspectRequest({ tokenIds, promptLength, layers, top, reconstructionLayers, lensLayers, candidates, residualLayers }: InspectRequest, model: CheckedModel): void {
  checkTokens(tokenIds, model)
  checkLayers([...layers, ...reconstructionLayers, ...lensLayers, ...residualLayers], model)
  checkSaeLayers(reconstructionLayers, model)
  checkCounts({ promptLength, top, candidates })
}

function checkTokens(ids: readonly number[], { contextLength, vocabSize }: CheckedModel, { name, remedy } = { name: 'prompt', remedy: 'shorten the prompt' }): void {
  if (ids.length === 0) throw new InputError('prompt is empty', 'write at least one token')
  if (ids.length > contextLength) throw new InputError(`${name} has ${ids.length} tokens and the model's context holds ${contextLength}`, remedy)
  ids.forEach((id, index) => {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) throw new InputError(`token id ${id} at position ${index} is outside the vocabulary`, `use ids from 0 to ${vocabSize - 1}`)
  })
}

function checkLayers(layers: readonly number[], model: CheckedModel): void {
  for (const layer of layers) {
    if (!Number.isInteger(layer) || layer < 0 || layer >= model.layers) throw new InputError(`layer ${layer} is not in the model`, `choose layers from 0 to ${model.layers - 1}`)
  }
}

function checkSaeLayers(layers: readonly number[], { saeLayers }: CheckedModel): void {
  for (const layer of layers) {
    if (!saeLayers.includes(layer)) throw new InputError(`layer ${layer} has no SAE`, saeLayers.length ? `choose among the layers ${saeLayers.join(', ')}` : 'choose an SAE set')
  }
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || value < 0) throw new InputError(`${name} ${value} is not a whole number`, 'use 0 or more')
  }
}
