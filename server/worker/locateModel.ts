// Finds the folders that the settings mean: the demo model when none is named, and the SAE set that stands beside a model.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkerSettings } from '../protocol/requests'
import type { ModelLocation } from './modelService'

/** Nothing is checked here except what must be found; opening the folders names what is wrong with them. */
export async function locateModel({ model, sae }: Pick<WorkerSettings, 'model' | 'sae'>, demo: { readonly model: string; readonly sae: string }): Promise<ModelLocation> {
  const modelPath = model === '' ? demo.model : model
  if (sae !== '') return { modelPath, saePath: sae }
  if (modelPath === demo.model) return { modelPath, saePath: demo.sae }
  for (const candidate of [join(modelPath, 'sae'), `${modelPath}-sae`]) {
    if (await isFile(join(candidate, 'config.json'))) return { modelPath, saePath: candidate }
  }
  return { modelPath, saePath: null }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false
}
