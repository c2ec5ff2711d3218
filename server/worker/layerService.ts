// Reads layers of runs that have ended, when somebody looks at them or asks for all: one run at a time, what is looked at before what is read for later.
import type { Engine, LayerReport, ReadEvent } from '../engine/engine'
import { parseEditLine } from '../formats/editLine'
import { CancelledError, InputError } from '../protocol/errors'
import type { LayerReading } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import { mostActive, type Progress } from '../protocol/values'
import { rangesText } from '../formats/rangesText'
import type { PartReading } from './debugRuns'
import { isModelOf, modelOfRun } from './modelOfRun'
import type { ModelService } from './modelService'

export interface LayerService {
  /**
   * Reads the layers that the run has not read yet and keeps them with it. Rejects with InputError when there is no such run or layer, or when another
   * model is loaded; with CancelledError when the signal aborts: what has been read until then is kept.
   */
  read(runId: string, layers: readonly number[] | 'all', signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<void>
  /** Begins to read without anybody waiting, if the run has ended and its model is loaded: for those who must not wait. */
  want(run: RunRecord, layers: readonly number[]): void
  /** Ends all reading of a run; what waits for it rejects with CancelledError. */
  cancel(runId: string): void
  /** Null when nothing is read. */
  state(): LayerReading | null
}

export interface LayerServiceParts {
  /** Must let other work go before `read`. */
  readonly engine: Pick<Engine, 'read'>
  readonly models: ModelService
  /** The run as it is when it has ended; null when there is no such run. */
  endedRun(runId: string, signal: AbortSignal): Promise<RunRecord | null>
  /** Keeps a layer with its run. */
  addLayer(runId: string, report: LayerReport, reading: PartReading): Promise<Kept>
  /** Which tokens must be read for the run to have these layers. */
  readingOf(run: RunRecord, layers: readonly number[]): PartReading
  onReading(state: LayerReading | null): void
  log(message: string): void
}

/** What became of a layer that was read: the run has it on all its tokens, or has gone on since and lacks some, or is no longer there. */
export type Kept = 'whole' | 'partly' | 'gone'

interface Ticket {
  readonly runId: string
  /** All layers are read for later: tickets for some go first. */
  readonly isForLater: boolean
  readonly total: number
  /** Layers that have not come yet. */
  readonly left: Set<number>
  fraction: number | null
  readonly onProgress: (progress: Progress) => void
  readonly signal: AbortSignal
  settle(error: Error | null): void
}

export function createLayerService(parts: LayerServiceParts): LayerService {
  const tickets: Ticket[] = []
  /** Runs and layers that nobody waited for and that could not be read, or that the user stopped: they are not begun again unasked. */
  const refused = new Set<string>()
  let current: { readonly ticket: Ticket; readonly controller: AbortController } | null = null

  const next = (): Ticket | undefined => tickets.findLast(({ isForLater }) => !isForLater) ?? tickets[0]

  function state(): LayerReading | null {
    const ticket = current?.ticket ?? next()
    if (!ticket) return null
    return { runId: ticket.runId, layers: [...ticket.left].sort((a, b) => a - b), done: ticket.total - ticket.left.size, total: ticket.total, fraction: ticket.fraction }
  }

  function tell(): void {
    parts.onReading(state())
    for (const { total, left, fraction, onProgress } of tickets) {
      const done = total - left.size
      const words = total === 1 ? `layer ${[...left][0]}` : `layers ${rangesText([...left])} of the run; ${done} of ${total} done`
      onProgress({ message: `reading ${words}`, fraction: (done + (fraction ?? 0) * left.size) / total })
    }
  }

  function end(ticket: Ticket, error: Error | null): void {
    const place = tickets.indexOf(ticket)
    if (place < 0) return
    tickets.splice(place, 1)
    ticket.settle(error)
    if (current?.ticket === ticket) current.controller.abort()
    tell()
  }

  async function serve(): Promise<void> {
    if (current) return
    for (let ticket = next(); ticket; ticket = next()) {
      const controller = new AbortController()
      current = { ticket, controller }
      tell()
      try {
        await readFor(ticket, controller.signal)
        end(ticket, null)
      } catch (error) {
        // Stopped because another ticket goes first, or because it has ended already.
        if (!controller.signal.aborted) end(ticket, error instanceof Error ? error : new Error(String(error)))
      } finally {
        current = null
      }
    }
    tell()
  }

  /** A branch of the debugger may go on while it is read: then what it has got since is read too. */
  async function readFor(ticket: Ticket, signal: AbortSignal): Promise<void> {
    for (let isWhole = false; !isWhole; ) {
      const run = await parts.endedRun(ticket.runId, signal)
      if (!run) throw new InputError(`run ${ticket.runId} does not exist`, 'choose another run')
      for (const layer of run.layers) ticket.left.delete(layer)
      if (ticket.left.size === 0 || run.tokens.length === 0) return
      isWhole = await readOnce(ticket, run, signal)
    }
  }

  /** Whether the run has on all its tokens what was read. */
  async function readOnce(ticket: Ticket, run: RunRecord, signal: AbortSignal): Promise<boolean> {
    const layers = [...ticket.left].sort((a, b) => a - b)
    const { loaded } = await modelOfRun(parts.models, run, signal, ticket.onProgress)
    const { precision } = loaded.identity
    if (precision !== run.model.precision) throw new InputError(`run ${run.name} was made with precision ${run.model.precision}, and the model is loaded with ${precision}`, 'run the prompt again')
    const reading = parts.readingOf(run, layers)
    const edits = run.edits.map(({ edit }) => parseEditLine(edit).edit).filter((edit) => edit !== null)
    // What comes is kept in order, and all of it before the reading counts as ended.
    let kept = Promise.resolve(true)
    const take = (event: ReadEvent): void => {
      if (event.kind === 'layer') kept = kept.then(async (isWhole) => (await keep(ticket.runId, event.report, reading)) && isWhole)
      else if (event.kind === 'progress') {
        ticket.fraction = event.fraction > 0 ? event.fraction : null
        tell()
      }
    }
    try {
      await parts.engine.read({ tokenIds: run.tokens.map(({ id }) => id), promptLength: run.promptTokens, edits, layers, top: mostActive(loaded.sae), from: reading.from }, take, signal)
    } finally {
      await kept
    }
    return kept
  }

  async function keep(runId: string, report: LayerReport, reading: PartReading): Promise<boolean> {
    const kept = await parts.addLayer(runId, report, reading)
    for (const ticket of tickets.filter((each) => each.runId === runId)) {
      if (kept === 'gone') end(ticket, new InputError(`run ${runId} was deleted while its layers were read`, 'bring it back and read them again'))
      else if (kept === 'whole' && ticket.left.delete(report.layer) && ticket.left.size === 0) end(ticket, null)
    }
    tell()
    return kept !== 'partly'
  }

  async function read(runId: string, asked: readonly number[] | 'all', signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<void> {
    const run = await parts.endedRun(runId, signal)
    if (!run) throw new InputError(`run ${runId} does not exist`, 'choose another run')
    const layers = asked === 'all' ? run.saeLayers : asked
    const missing = layers.find((layer) => !run.saeLayers.includes(layer))
    if (missing !== undefined) throw new InputError(`layer ${missing} has no autoencoder in the SAE set of run ${run.name}`, run.saeLayers.length > 0 ? `choose from layers ${rangesText(run.saeLayers)}` : 'choose an SAE set and run the prompt again')
    const left = new Set(layers.filter((layer) => !run.layers.includes(layer)))
    if (left.size === 0 || run.tokens.length === 0) return
    if (signal.aborted) throw new CancelledError()
    await new Promise<void>((resolve, reject) => {
      const cancel = (): void => end(ticket, new CancelledError())
      const ticket: Ticket = {
        runId, isForLater: asked === 'all', total: left.size, left, fraction: null, onProgress, signal,
        settle(error) {
          signal.removeEventListener('abort', cancel)
          if (error) reject(error)
          else resolve()
        },
      }
      signal.addEventListener('abort', cancel, { once: true })
      tickets.push(ticket)
      if (!ticket.isForLater && current?.ticket.isForLater) current.controller.abort()
      void serve()
    })
  }

  return {
    read,
    want(run, asked) {
      const model = parts.models.current()
      const isUnderWay = (layer: number): boolean => tickets.some((ticket) => ticket.runId === run.id && !ticket.isForLater && ticket.left.has(layer))
      const layers = asked.filter((layer) => run.saeLayers.includes(layer) && !run.layers.includes(layer) && !refused.has(`${run.id} ${layer}`) && !isUnderWay(layer))
      if (layers.length === 0 || run.status.kind === 'running' || !model || !isModelOf(run, model) || model.loaded.identity.precision !== run.model.precision) return
      read(run.id, layers, new AbortController().signal, () => {}).catch((error: unknown) => {
        for (const layer of layers) refused.add(`${run.id} ${layer}`)
        if (!(error instanceof CancelledError)) parts.log(`layers ${rangesText(layers)} of run ${run.name} were not read: ${String(error)}`)
      })
    },
    cancel(runId) {
      for (const ticket of tickets.filter((each) => each.runId === runId)) end(ticket, new CancelledError())
    },
    state,
  }
}
