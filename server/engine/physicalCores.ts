// How many cores do arithmetic: hyper-threads share one.
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, platform } from 'node:os'

/** Counts cores once, as Linux lists them; elsewhere what the system offers. Never more than the process may use. */
export function physicalCores(): number {
  const available = availableParallelism()
  if (platform() !== 'linux') return available
  const cores = new Set<string>()
  for (let cpu = 0; cpu < cpus().length; cpu++) {
    try {
      cores.add(readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, 'utf8').trim())
    } catch {
      return available
    }
  }
  return Math.max(1, Math.min(available, cores.size))
}
