// What this machine has to run models with: memory and NVIDIA GPUs.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'

export interface Machine {
  /** All of its memory, or as much as this process may have. */
  readonly memoryBytes: number
  readonly gpus: readonly Gpu[]
}

/** Memory as it is now. */
export interface Memory {
  readonly memoryBytes: number
  /** What a new program could have without others being swapped out. */
  readonly availableBytes: number
  readonly swapBytes: number
}

export interface Gpu {
  readonly name: string
  readonly memoryBytes: number
}

export async function thisMachine(): Promise<Machine> {
  return { memoryBytes: allMemory(), gpus: await nvidiaGpus() }
}

/** Swap space is known on Linux only; elsewhere the system grows it. */
export async function memoryNow(): Promise<Memory> {
  const told = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const field = (name: string): number | null => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(told)?.[1]
    return kibibytes === undefined ? null : Number(kibibytes) * 1024
  }
  const memoryBytes = allMemory()
  return { memoryBytes, availableBytes: Math.min(memoryBytes, field('MemAvailable') ?? freemem()), swapBytes: field('SwapTotal') ?? memoryBytes }
}

function allMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

const PATIENCE_MS = 3000

/** None where the driver's own tool is not there, or does not answer. */
function nvidiaGpus(): Promise<Gpu[]> {
  return new Promise((resolve) => {
    execFile('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'], { timeout: PATIENCE_MS, windowsHide: true }, (error, output) => resolve(error ? [] : parseGpus(output)))
  })
}

/** Lines such as `NVIDIA H200, 143771`, in MiB; others are passed over. */
export function parseGpus(output: string): Gpu[] {
  return output.split('\n').flatMap((line) => {
    const [, name, mebibytes] = /^(.+), *(\d+)\s*$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, memoryBytes: Number(mebibytes) * 2 ** 20 }]
  })
}
