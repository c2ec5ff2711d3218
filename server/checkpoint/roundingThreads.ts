// Rounds pieces of weights on several threads at once; on the caller's own where there is no bundled one to start.
import { Worker } from 'node:worker_threads'
import { fromErrorData } from '../protocol/errors'
import { roundPiece, type PieceJob } from './roundPiece'
import type { FromRoundingThread, ToRoundingThread } from './roundingThread'

export interface Rounding {
  /** How many pieces it is worth asking for at a time. */
  readonly lanes: number
  /** As `roundPiece`. */
  round(job: PieceJob): Promise<string>
  close(): Promise<void>
}

/** While a thread computes one piece it reads and writes others. */
const LANES_PER_THREAD = 2
/** More threads only wait for the disk. */
const MOST_THREADS = 8

/** In this thread, for tests and where nothing is bundled. */
export const ROUNDING_HERE: Rounding = { lanes: 3, round: roundPiece, close: async () => {} }

/** `entryFile` is the bundled roundingThread.ts. Pieces that a thread has when it dies are rejected. */
export function startRounding(entryFile: string, threads: number): Rounding {
  const crew = Array.from({ length: Math.max(1, Math.min(threads, MOST_THREADS)) }, () => startThread(entryFile))
  return {
    lanes: crew.length * LANES_PER_THREAD,
    round: (job) => crew.reduce((least, thread) => (thread.waiting < least.waiting ? thread : least)).round(job),
    async close() {
      await Promise.all(crew.map((thread) => thread.end()))
    },
  }
}

interface Thread {
  /** Pieces that it has been sent and not answered. */
  readonly waiting: number
  round(job: PieceJob): Promise<string>
  end(): Promise<unknown>
}

function startThread(entryFile: string): Thread {
  const pending = new Map<number, { readonly resolve: (checksum: string) => void; readonly reject: (error: Error) => void }>()
  const worker = new Worker(entryFile)
  let nextId = 0
  let ended: Error | null = null
  const fail = (error: Error): void => {
    ended ??= error
    for (const { reject } of pending.values()) reject(ended)
    pending.clear()
  }
  worker.on('message', (message: FromRoundingThread) => {
    const waiting = pending.get(message.id)
    pending.delete(message.id)
    if ('checksum' in message) waiting?.resolve(message.checksum)
    else waiting?.reject(Object.assign(fromErrorData(message.error), message.error.code !== undefined && { code: message.error.code }))
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', (code) => fail(new Error(`a rounding thread stopped (exit code ${code})`)))
  return {
    get waiting() {
      return pending.size
    },
    round: (job) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended)
        const id = nextId++
        pending.set(id, { resolve, reject })
        worker.postMessage({ id, job } satisfies ToRoundingThread)
      }),
    end: () => worker.terminate(),
  }
}
