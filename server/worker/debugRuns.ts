// The branches of debug sessions as runs: listed, shown and kept on disk like any other while they grow, stand and are cut.
import type { LayerReport, TokenPrediction } from '../engine/engine'
import type { RunStatus, RunSummary } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import { runUri } from '../protocol/runUri'
import { createBranchRecorder, type BranchChange, type BranchHeader, type RecordedToken } from '../runs/branchRecorder'
import type { RunStore } from '../store/runStore'
import type { Kept } from './layerService'
import type { RunChange } from './liveRecord'
import { createThrottle } from './throttle'

/** News of a branch that runs; a step that takes less is told once, when it has ended. */
const TELL_INTERVAL_MS = 50
/** A branch is saved this often, and rests ten times as long as the save itself took. */
const SAVE_INTERVAL_MS = 250
const SAVE_REST_FACTOR = 10

/** Which tokens of a run a reading of layers is about: those from `from` on. A branch that has been cut or edited since has another `stamp`. */
export interface PartReading {
  readonly from: number
  readonly stamp: number
}

/** All tokens of a run that stays as it is. */
export const WHOLE: PartReading = { from: 0, stamp: 0 }

/** One branch, for its session, which changes it, and for all who show it. */
export interface DebugRun {
  readonly id: string
  /** Address of its run document; stays the same when it is named anew. */
  readonly uri: string
  add(tokens: readonly RecordedToken[]): void
  cut(position: number): void
  change(now: BranchChange): void
  /** Resolves when everyone has been told, and when it has ended also once it is on disk. A branch that came to its end and is then cancelled keeps its end. */
  rest(status: RunStatus): Promise<void>
  summary(): RunSummary
  detail(): RunRecord
  /** Resolves when the branch stands still. */
  standing(): Promise<void>
  /** Changes whenever something that was computed before may no longer hold. */
  stamp(): number
  /** Whether some token of the prompt but the first lacks its prediction. */
  lacksPredictions(): boolean
  /** Takes those of its first tokens. */
  addPredictions(predictions: readonly (TokenPrediction | null)[]): void
  /** What is left to be read of these layers; `run` is what `detail` answered with. */
  readingOf(run: RunRecord, layers: readonly number[]): PartReading
  /** Takes what was read, unless the branch has been cut or edited since. */
  addLayer(report: LayerReport, reading: PartReading): Kept
}

export interface DebugRuns {
  /** Lists a new branch. `promptText` is the prompt file's, null without one; `display` names tokens. */
  open(header: BranchHeader, promptText: string | null, display: (id: number) => string): DebugRun
  find(runId: string): DebugRun | undefined
  /** Its session is over: from now on it is a run like any other. Resolves when it is on disk. */
  release(run: DebugRun): Promise<void>
}

export interface DebugRunsParts {
  readonly store: RunStore
  onChanged(change: RunChange): void
  log(message: string): void
}

export function createDebugRuns(parts: DebugRunsParts): DebugRuns {
  const open = new Map<string, DebugRun>()
  return {
    open(header, promptText, display) {
      const run = openRun(parts, header, promptText, display)
      open.set(run.id, run)
      return run
    },
    find: (runId) => open.get(runId),
    async release(run) {
      await run.rest({ kind: 'cancelled' })
      open.delete(run.id)
    },
  }
}

function openRun(parts: DebugRunsParts, header: BranchHeader, promptText: string | null, display: (id: number) => string): DebugRun {
  const recorder = createBranchRecorder(header)
  const uri = runUri(header)
  let status: RunStatus = { kind: 'running' }
  let current: RunRecord | null = null
  /** Grows whenever what was read may no longer hold. */
  let stamp = 0
  const stamps = new WeakMap<RunRecord, number>()
  let telling: NodeJS.Timeout | null = null
  let stands = (): void => {}
  let standing: Promise<void> = new Promise((resolve) => (stands = resolve))

  const detail = (): RunRecord => {
    current ??= recorder.detail()
    stamps.set(current, stamp)
    return current
  }
  const tellNow = (): void => {
    if (telling) clearTimeout(telling)
    telling = null
    parts.onChanged({ summary: recorder.summary(), text: recorder.text(), generatedStart: header.renderedPrompt.length })
  }
  const save = (): Promise<void> => parts.store.save({ detail: detail(), promptText }).catch((error: unknown) => parts.log(`run ${recorder.summary().name} could not be saved: ${String(error)}`))
  const saveSoon = createThrottle(SAVE_INTERVAL_MS, save, SAVE_REST_FACTOR)

  function setStatus(next: RunStatus): void {
    const stood = status.kind !== 'running'
    status = next
    recorder.setStatus(next)
    current = null
    if (next.kind !== 'running') stands()
    else if (stood) standing = new Promise((resolve) => (stands = resolve))
  }

  /** The branch goes on. */
  function grown(): void {
    setStatus({ kind: 'running' })
    telling ??= setTimeout(tellNow, TELL_INTERVAL_MS)
    saveSoon.request()
  }

  tellNow()
  saveSoon.request()
  return {
    id: header.id,
    uri,
    add(tokens) {
      recorder.add(tokens)
      grown()
    },
    cut(position) {
      stamp++
      recorder.cut(position)
      grown()
    },
    change(now) {
      stamp++
      recorder.change(now)
      current = null
      telling ??= setTimeout(tellNow, TELL_INTERVAL_MS)
      saveSoon.request()
    },
    async rest(next) {
      const keepsEnd = next.kind === 'cancelled' && (status.kind === 'done' || status.kind === 'failed' || status.kind === 'cancelled')
      if (!keepsEnd) setStatus(next)
      tellNow()
      if (next.kind === 'paused') return saveSoon.request()
      saveSoon.cancel()
      await save()
    },
    summary: () => recorder.summary(),
    detail,
    standing: () => standing,
    stamp: () => stamp,
    lacksPredictions: () => recorder.lacksPredictions(),
    addPredictions(predictions) {
      recorder.addPredictions(predictions.map((each) => each && { logprob: each.logprob, alternatives: each.alternatives.map(({ id, logprob }) => ({ id, text: display(id), logprob })) }))
      current = null
      telling ??= setTimeout(tellNow, TELL_INTERVAL_MS)
      saveSoon.request()
    },
    readingOf: (run, layers) => ({ from: Math.min(...layers.map((layer) => recorder.knownOf(layer))), stamp: stamps.get(run) ?? -1 }),
    addLayer(report, reading) {
      if (reading.stamp !== stamp) return 'partly'
      recorder.addLayer(report, reading.from)
      current = null
      saveSoon.request()
      return recorder.knownOf(report.layer) === recorder.length() ? 'whole' : 'partly'
    },
  }
}
