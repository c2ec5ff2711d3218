// Reads layers of runs that have ended when something in the editor needs them: with progress and Cancel, each once at a time.
import { readLayers, type RunDetail } from '../server/protocol/requests'
import { longTask } from './longTask'
import type { Worker } from './serverProcess'
import type { WorkerState } from './workerState'

export interface LayerReader {
  /** Resolves when the layers are there. Rejects with InputError when they cannot be read, CancelledError when the user stops it. */
  read(run: Pick<RunDetail, 'id' | 'name'>, layers: readonly number[] | 'all'): Promise<void>
}

export function createLayerReader(worker: Worker): LayerReader {
  const underWay = new Map<string, Promise<void>>()
  return {
    read({ id, name }, layers) {
      const key = `${id} ${layers === 'all' ? layers : layers.join()}`
      const known = underWay.get(key)
      if (known) return known
      const title = layers === 'all' ? `Reading all layers of ${name}` : layers.length === 1 ? `Reading layer ${layers[0]} of ${name}` : `Reading layers ${layers.join(', ')} of ${name}`
      const work = longTask(title, async (token, report) => void (await worker.request(readLayers, { runId: id, layers }, token, report))).finally(() => underWay.delete(key))
      underWay.set(key, work)
      return work
    },
  }
}

/** The layer can be read, but has not been. */
export function isUnread(run: Pick<RunDetail, 'layers' | 'saeLayers'>, layer: number): boolean {
  return run.saeLayers.includes(layer) && !run.layers.includes(layer)
}

/** The run's model is loaded, so that reading asks for no more than a little time. */
export function isModelLoaded({ model }: WorkerState, run: Pick<RunDetail, 'model' | 'sae'>): boolean {
  return model?.kind === 'ready' && model.model.path === run.model.path && model.sae?.path === run.sae?.path && model.model.precision === run.model.precision
}
