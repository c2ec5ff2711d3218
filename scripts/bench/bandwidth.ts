// Measures how fast this machine's memory can be read by as many threads as the engines use: what no decoding that reads every weight once per token can beat.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Contestant } from './contestant'
import { wasmReader } from './wasmReader'

export interface Bandwidth {
  /** Bytes per second of the fastest of several passes, each over much more than the caches hold. */
  measure(): Promise<number>
  close(): Promise<void>
}

/** In a thread: compiles, touches every page, and reads when told. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads')
const { read, memory } = new WebAssembly.Instance(new WebAssembly.Module(workerData)).exports
new Uint32Array(memory.buffer).fill(1)
read()
parentPort.on('message', () => parentPort.postMessage(read()))
parentPort.postMessage(0)
`

/** Prefetchers differ in how many places they follow at once. */
const STREAMS = [1, 2, 4]
const PASSES = 3

/** Every way of reading holds `bytes` until it is closed. `startReader` starts a process that answers the jobs of serveReader.ts. */
export async function openBandwidth(threads: number, startReader: (() => Contestant) | null, bytes = 2 ** 28): Promise<Bandwidth> {
  const each = Math.floor(bytes / threads / 2 ** 18) * 2 ** 18
  // Each has memory of its own, so all together are the bytes that the caches would have to hold.
  const groups = await Promise.all(STREAMS.map(async (streams) => {
    const workers = Array.from({ length: threads }, () => new Worker(THREAD, { eval: true, workerData: wasmReader(each, streams) }))
    await Promise.all(workers.map(answer))
    return workers
  }))
  const reader = startReader?.()
  await reader?.ask({ job: 'open', threads, bytes })
  return {
    async measure() {
      let fastest = 0
      for (let pass = 0; pass < PASSES; pass++) {
        for (const workers of groups) {
          const started = performance.now()
          const answers = workers.map(answer)
          for (const worker of workers) worker.postMessage(0)
          await Promise.all(answers)
          fastest = Math.max(fastest, (threads * each) / ((performance.now() - started) / 1000))
        }
        if (reader) fastest = Math.max(fastest, await reader.ask<number>({ job: 'read' }))
      }
      return fastest
    },
    async close() {
      await Promise.all([reader?.close(), ...groups.flat().map((worker) => worker.terminate())])
    },
  }
}

/** Rejects with what went wrong in the thread. */
const answer = (worker: Worker): Promise<unknown> => once(worker, 'message')
