// Finds or loads the model that a run was made with.
import { InputError } from '../protocol/errors'
import type { RunSummary } from '../protocol/requests'
import type { Progress } from '../protocol/values'
import type { ModelService, ReadyModel } from './modelService'

/** The model, loaded if the settings mean it. Rejects with InputError when they mean another. */
export async function modelOfRun(models: ModelService, run: RunSummary, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<ReadyModel> {
  const current = models.current()
  const model = current && isModelOf(run, current) ? current : await models.load(signal, onProgress)
  if (!isModelOf(run, model)) throw new InputError(`run ${run.name} was made with another model`, 'run the prompt again')
  return model
}

/** Whether a run was made with this model and SAE set, in whatever precision. */
export function isModelOf(run: RunSummary, { loaded }: ReadyModel): boolean {
  return loaded.identity.path === run.model.path && loaded.sae?.path === run.sae?.path
}
