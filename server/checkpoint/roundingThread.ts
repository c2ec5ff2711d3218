// A thread that rounds pieces of weights as it is sent them. Bundled to dist/rounding.js.
import { parentPort } from 'node:worker_threads'
import { toErrorData, type ErrorData } from '../protocol/errors'
import { roundPiece, type PieceJob } from './roundPiece'

export interface ToRoundingThread {
  readonly id: number
  readonly job: PieceJob
}

export type FromRoundingThread = { readonly id: number; readonly checksum: string } | { readonly id: number; readonly error: ErrorData & { readonly code?: string } }

const port = parentPort
if (!port) throw new Error('the rounding thread must be started as a worker thread')

port.on('message', ({ id, job }: ToRoundingThread) => {
  roundPiece(job).then(
    (checksum) => port.postMessage({ id, checksum } satisfies FromRoundingThread),
    (error: unknown) => {
      const code = (error as NodeJS.ErrnoException).code
      port.postMessage({ id, error: { ...toErrorData(error), ...(code !== undefined && { code }) } } satisfies FromRoundingThread)
    },
  )
})
