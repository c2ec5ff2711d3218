// What this machine has to run models with: memory and NVIDIA GPUs.
import { execFile } from 'node:child_process'
import { totalmem } from 'node:os'

export interface Machine {
  /** All of its memory, or as much as this process may have. */
  readonly memoryBytes: number
  readonly gpus: readonly Gpu[]
}

export interface Gpu {
  readonly name: string
  readonly memoryBytes: number
}

export async function thisMachine(): Promise<Machine> {
  const limit = process.constrainedMemory()
  return { memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(), gpus: await nvidiaGpus() }
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
