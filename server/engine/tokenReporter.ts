// Tells who asked for a run what came of its tokens: at once while that is what one waits for, then a few together.
import type { EditPlan } from './editPlan'
import type { GenerateEvent, GenerateRequest, TokenReport } from './engine'
import { reportPosition, type PositionRecord } from './sequence/positionRecord'
import type { ReadingQueue } from './encoding/readingQueue'

/** Generated tokens that are reported together at most, and for how long the first of them waits: one encoding of several costs little more than one. */
const MOST_WAITING = 8
const LONGEST_WAIT_MS = 100
/** The first ones wait for nothing: they are what one looks at. */
const AT_ONCE = 2

export interface TokenReporter {
  /** Takes note of positions 0 … end − 1 and reports them now or with the next ones. */
  offer(end: number): Promise<void>
  /** Reports what is to be and has not been reported of positions 0 … end − 1. */
  deliver(end: number): Promise<void>
}

/** `records` are those of the sequence, and `errors` reconstruction errors by position, where they are measured; both grow. `chunk` bounds a message. */
export function createTokenReporter(
  request: GenerateRequest, edits: EditPlan, records: readonly PositionRecord[], errors: readonly ReadonlyMap<number, number>[], queue: ReadingQueue, chunk: number, onEvent: (event: GenerateEvent) => void,
): TokenReporter {
  const promptLength = request.promptIds.length
  const known = promptLength + (request.givenIds?.length ?? 0)
  const wanted = { promptLength, layers: request.layers, top: request.top, alternatives: request.alternatives, edits }
  const { reportFrom = 0 } = request
  let reported = reportFrom
  let reportedAt = performance.now()

  const deliver = async (end: number): Promise<void> => {
    if (end <= reported) return
    await queue.flush()
    for (; reported < end; reported = Math.min(end, reported + chunk)) {
      const stop = Math.min(end, reported + chunk)
      if (reported < known) onEvent({ kind: 'prefill', done: Math.min(stop, known), total: known })
      onEvent({ kind: 'tokens', tokens: records.slice(reported, stop).map((record, i) => withError(reportPosition(record, reported + i, wanted), errors[reported + i])) })
    }
    reportedAt = performance.now()
  }
  return {
    deliver,
    async offer(end) {
      // What edits left is remembered for a later report.
      if (end <= reportFrom) await queue.flush()
      if (end <= reportFrom && end <= known) onEvent({ kind: 'prefill', done: end, total: known })
      const isAwaited = end <= known + AT_ONCE
      if (isAwaited || end - reported >= MOST_WAITING || performance.now() - reportedAt > LONGEST_WAIT_MS) await deliver(end)
    },
  }
}

function withError(report: TokenReport, errors: ReadonlyMap<number, number> | undefined): TokenReport {
  return errors && errors.size > 0 ? { ...report, reconstructionError: Object.fromEntries(errors) } : report
}
