// Gathers the layers that have been read: of a small model they all come at once, and whoever is told reads the run again.
import { createThrottle } from './throttle'

const INTERVAL_MS = 100

export interface LayerNews {
  add(runId: string, layer: number): void
  /** Tells at once what has not been told yet: whoever waited for a layer must not look at what was known before. */
  flush(this: void): void
}

export function createLayerNews(tell: (runId: string, layers: readonly number[]) => void): LayerNews {
  const untold = new Map<string, number[]>()
  const flush = (): void => {
    for (const [runId, layers] of untold) tell(runId, layers)
    untold.clear()
  }
  const soon = createThrottle(INTERVAL_MS, flush)
  return {
    add(runId, layer) {
      untold.set(runId, [...(untold.get(runId) ?? []), layer])
      soon.request()
    },
    flush,
  }
}
