// Measures how well the loaded SAE set explains the model on a run's text.
import type { Engine } from '../engine/engine'
import { InputError } from '../protocol/errors'
import type { LayerFit, RunDetail } from '../protocol/requests'
import { GREEDY, type Progress } from '../protocol/values'
import { isPoorFit, layerFits } from '../runs/saeFit'
import type { ReadyModel } from './modelService'

/** Rejects with InputError without an SAE set, CancelledError when the signal aborts. `model` must be the one that the run was made with. */
export async function measureSaeFit(
  engine: Engine, { loaded }: ReadyModel, run: RunDetail, signal: AbortSignal, onProgress: (progress: Progress) => void,
): Promise<{ readonly layers: readonly LayerFit[]; readonly isPoor: boolean }> {
  const { saeLayers } = loaded
  if (saeLayers.length === 0) throw new InputError('no SAE set is loaded', 'choose a model with an SAE set')
  const errors: Record<number, number[]> = Object.fromEntries(saeLayers.map((layer) => [layer, []]))
  const promptIds = run.tokens.map(({ id }) => id)
  const request = {
    promptIds, generate: 0, sampling: GREEDY, stopIds: [], edits: [], layers: [], top: 0, alternatives: 0, promptPredictions: false, capture: null, reconstructionLayers: saeLayers,
  }
  await engine.generate(request, (event) => {
    if (event.kind === 'prefill') return onProgress({ message: 'comparing residuals with their reconstruction', fraction: event.done / event.total })
    if (event.kind === 'predictions') return
    for (const { reconstructionError = {} } of event.tokens) for (const [layer, error] of Object.entries(reconstructionError)) errors[Number(layer)]!.push(error)
  }, signal)
  const layers = layerFits(errors, (token) => run.tokens[token]?.outlier ?? false)
  return { layers, isPoor: isPoorFit(layers) }
}
