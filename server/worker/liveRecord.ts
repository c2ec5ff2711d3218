// A run's record while the run goes on: the editor is told and the disk is written as it grows, neither more often than it can follow.
import type { GenerateResult } from '../engine/engine'
import type { RunStatus, RunSummary } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { RunRecorder } from '../runs/runDetail'
import type { RunStore } from '../store/runStore'
import { createThrottle } from './throttle'

/** About 30 messages a second. */
const STREAM_INTERVAL_MS = 33
/** A run under way is saved this often, and rests ten times as long as the save itself took. */
export const SAVE_INTERVAL_MS = 1000
export const SAVE_REST_FACTOR = 10

/** `text` is null when the run is gone. */
export interface RunChange {
  readonly summary: RunSummary
  readonly text: string | null
  readonly generatedStart: number
}

export interface LiveRecord {
  readonly id: string
  summary(): RunSummary
  /** The whole record takes milliseconds to put together, so it is kept until the run grows. */
  detail(): RunRecord
  add: RunRecorder['add']
  addPredictions: RunRecorder['addPredictions']
  /** Must be called once; answers when the record is on disk. */
  end(status: RunStatus, result: GenerateResult | null): Promise<RunSummary>
}

export interface LiveRecordParts {
  readonly store: RunStore
  readonly onChanged: (change: RunChange) => void
  readonly log: (message: string) => void
}

/** Tells of the run at once. `generatedStart` is where the completion begins in its document. */
export function openLiveRecord({ store, onChanged, log }: LiveRecordParts, recorder: RunRecorder, promptText: string, generatedStart: number): LiveRecord {
  const { id } = recorder.summary()
  let current: RunRecord | null = null
  const detail = (): RunRecord => (current ??= recorder.detail())
  const tellNow = (): void => onChanged({ summary: recorder.summary(), text: recorder.text(), generatedStart })
  const save = (): Promise<void> => store.save({ detail: detail(), promptText }).catch((error: unknown) => log(`run ${recorder.summary().name} could not be saved: ${String(error)}`))
  const tell = createThrottle(STREAM_INTERVAL_MS, tellNow)
  const saveNowAndThen = createThrottle(SAVE_INTERVAL_MS, save, SAVE_REST_FACTOR)
  tell.request()
  saveNowAndThen.request()
  const changed = (): void => {
    current = null
    tell.request()
    saveNowAndThen.request()
  }
  return {
    id,
    summary: () => recorder.summary(),
    detail,
    add(reports) {
      recorder.add(reports)
      changed()
    },
    addPredictions(first, predictions) {
      recorder.addPredictions(first, predictions)
      changed()
    },
    async end(status, result) {
      tell.cancel()
      saveNowAndThen.cancel()
      recorder.end(status, result)
      current = null
      // Listed at once; nobody who looks has to wait for the disk, only who asks for the answer.
      const saved = save()
      tellNow()
      await saved
      return recorder.summary()
    },
  }
}
