// Names the machine that numbers were measured on: processor, cores, memory, system, Node.
import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'

export function machineText(): string {
  const model = cpus()[0]?.model ?? 'unknown processor'
  return `${model.trim()}${instructionSets()}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${platform()} ${release()} ${arch()}, Node ${process.version}`
}

/** Cloud machines hide the processor's name; what it can do tells more. Linux only. */
function instructionSets(): string {
  try {
    const flags = new Set(/^flags\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '))
    const known = ['avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_int8'].filter((flag) => flags.has(flag))
    return known.length > 0 ? ` (${known.join(', ')})` : ''
  } catch {
    return ''
  }
}
