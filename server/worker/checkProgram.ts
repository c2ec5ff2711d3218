// Refuses a debug launch that the loaded model cannot serve, while the launch can still be answered with the reason.
import { planEdits } from '../engine/editPlan'
import type { LoadedModel } from '../engine/engine'
import { checkRequest } from '../engine/requestChecks'
import { buildGenerateRequest, type RunSettings } from '../runs/runSettings'

/** Throws the InputError with which the engine would refuse the first request. */
export function checkProgram(settings: RunSettings, promptIds: readonly number[], loaded: LoadedModel): void {
  const { contextLength, vocabSize, saeLayers, sae, identity: { layers } } = loaded
  checkRequest(buildGenerateRequest(settings, promptIds, loaded, { top: 0, alternatives: 0, capture: null }), { contextLength, vocabSize, layers, saeLayers })
  planEdits(settings.edits, { layers, saeLayers, dSae: sae?.dSae ?? null }, promptIds.length)
}
