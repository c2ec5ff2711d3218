// How much memory a process and those that it started hold, and the most that each ever held. Linux only: elsewhere null.
import { readdirSync, readFileSync } from 'node:fs'

/** In bytes. */
export interface ProcessMemory {
  readonly now: number
  /** Sum of the processes' peaks, which need not have been at the same time. */
  readonly peak: number
}

export function processMemory(pid: number): ProcessMemory | null {
  try {
    const all = [pid, ...descendants(pid)].map(readStatus)
    return { now: all.reduce((sum, { now }) => sum + now, 0), peak: all.reduce((sum, { peak }) => sum + peak, 0) }
  } catch {
    return null
  }
}

function readStatus(pid: number): ProcessMemory & { readonly parent: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
  return { parent: field('PPid'), now: field('VmRSS') * 1024, peak: field('VmHWM') * 1024 }
}

function descendants(pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((other) => {
    try {
      return readStatus(other).parent === pid
    } catch {
      return false // ended meanwhile
    }
  })
  return children.flatMap((child) => [child, ...descendants(child)])
}
