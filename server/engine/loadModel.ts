// Opens a model and its SAE set and builds the sessions that run them.
import type { Checkpoint, SaeSet } from '../checkpoint/checkpoint'
import { memoryNow } from '../checkpoint/machine'
import { openCheckpoint } from '../checkpoint/openCheckpoint'
import { openSaeSet } from '../checkpoint/openSaeSet'
import { checkPairing, pairingOf } from '../checkpoint/pairing'
import { bytesNeeded, refuseTooLarge } from '../checkpoint/precisionFit'
import { userQuantisedCache } from '../checkpoint/quantisedCache'
import { byteText } from '../formats/byteText'
import { modelGraph } from '../graph/modelGraph'
import { CancelledError, InputError } from '../protocol/errors'
import type { Precision, Progress } from '../protocol/values'
import { weightFolder } from './baseFolder'
import { createDecoder, type Decoder } from './decoder'
import type { LoadedModel, LoadRequest } from './engine'
import { modelWeights, type ModelWeights } from './precision/modelWeights'
import { openSession, type ChosenSessionOptions } from './onnx'
import { physicalCores } from './physicalCores'
import { createSaeSessions, type SaeSessions } from './encoding/saeSessions'

export interface RunningModel {
  readonly description: LoadedModel
  readonly decoder: Decoder
  readonly saes: SaeSessions | null
  release(): Promise<void>
}

/** Throws InputError for files that cannot be used and CancelledError between its steps. */
export async function loadModel(request: LoadRequest, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<RunningModel> {
  const started = performance.now()
  const step = (message: string, fraction: number): void => {
    if (signal.aborted) throw new CancelledError()
    onProgress({ message, fraction })
  }
  step('reading the model', 0)
  const checkpoint = await openCheckpoint(request.modelPath)
  step('reading the SAE set', 0.1)
  const saeSet = request.saePath === null ? null : await openSaeSet(request.saePath)
  if (saeSet) checkPairing(checkpoint, saeSet)

  const memory = await memoryNow()
  if (!request.mapped) refuseTooLarge(checkpoint.path, checkpoint, request.precision, memory)
  const needed = request.mapped ? 0 : bytesNeeded(checkpoint, request.precision)
  const threads = request.threads ?? physicalCores()
  const weights = await modelWeights(checkpoint, request.precision, threads, (done, total) => step(`rounding the weights to ${request.precision}, once: ${byteText(done)} of ${byteText(total)}`, 0.2 + (0.6 * done) / total), signal)
  step(needed > memory.availableBytes ? `loading the weights: they need ${byteText(needed)} and ${byteText(memory.availableBytes)} are free, so it may take long` : 'loading the weights', 0.8)
  const { decoder, provider, fallbacks } = await openDecoder(checkpoint, weights, { providers: request.providers, threads, bytesNeeded: needed, spins: true, fold: !request.mapped, prepack: !request.mapped })
  const saes = saeSet && createSaeSessions(saeSet, { providers: [provider], threads, cache: userQuantisedCache() })
  step('ready', 1)
  return {
    description: { ...describe(checkpoint, saeSet), identity: identityOf(checkpoint, request.precision, provider), weightsCache: weights.cache, loadMs: performance.now() - started, fallbacks },
    decoder,
    saes,
    async release() {
      await decoder.release()
      await saes?.release()
    },
  }
}

async function openDecoder(checkpoint: Checkpoint, weights: ModelWeights, options: Omit<ChosenSessionOptions, 'baseFolder'>) {
  const { config, tensors } = checkpoint
  const { baseFolder, location } = weightFolder(weights.files)
  const graph = modelGraph(config, { tensor: (name) => tensors.get(name)!, location }, weights.linear(location))
  try {
    const { session, provider, fallbacks } = await openSession(graph, { baseFolder, ...options })
    return { decoder: createDecoder(session, config), provider, fallbacks }
  } catch (error) {
    throw new InputError(`model ${checkpoint.path} cannot be loaded (${(error as Error).message})`, 'check that its files are complete')
  }
}

function identityOf({ path, config }: Checkpoint, precision: Precision, provider: string): LoadedModel['identity'] {
  return { path, architecture: config.architecture, layers: config.layers, dModel: config.dModel, precision, provider }
}

function describe(checkpoint: Checkpoint, saeSet: SaeSet | null): Omit<LoadedModel, 'identity' | 'weightsCache' | 'loadMs' | 'fallbacks'> {
  const { config } = checkpoint
  return {
    name: checkpoint.name,
    sae: saeSet && { path: saeSet.path, dSae: saeSet.dSae, k: saeSet.k },
    saeOrigin: saeSet && { layout: saeSet.layout, baseModel: saeSet.baseModel },
    pairing: saeSet && pairingOf(checkpoint, saeSet),
    saeLayers: saeSet ? [...saeSet.layers.keys()].sort((a, b) => a - b) : [],
    contextLength: config.contextLength,
    vocabSize: config.vocabSize,
    stopIds: checkpoint.stopIds,
    parameters: checkpoint.parameters,
  }
}
