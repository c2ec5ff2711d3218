// Everyone who takes part, opened when first needed: our engine, llama.cpp, Python, and the memory itself.
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { cacheFolder } from '../../server/checkpoint/cacheFolder'
import { createEngineProcess } from '../../server/engine/process/engineProcess'
import type { Precision } from '../../server/protocol/values'
import { openBandwidth, type Bandwidth } from './bandwidth'
import { benchFiles, missingBytes, type BenchFiles, type BenchPart } from './benchFiles'
import type { BenchOptions } from './benchOptions'
import { openContestant, type Contestant } from './contestant'
import { llamaPackage } from './llamaPackage'
import { openOurs, type Ours } from './ours'
import { gigabytes } from './row'
import type { GgufType } from './writeGguf'

export interface Contestants {
  readonly root: string
  readonly files: BenchFiles
  readonly ours: Ours
  readonly bandwidth: () => Promise<Bandwidth>
  /** With the model of that precision loaded; null, with a word said once, where it cannot be had or there is none of that precision. */
  llama(precision: Precision, contextSize: number): Promise<Contestant | null>
  /** A new Python process, or null with a word said once. */
  python(): Contestant | null
  /** A new process with our engine in it, answering the jobs of serveEngine.ts. */
  freshEngine(): Contestant
  /** Lets go of what takes memory and is not ours. */
  rest(): Promise<void>
  close(): Promise<void>
}

/** What llama.cpp has that compares with a precision of ours. */
const GGUF: Readonly<Record<Precision, GgufType | null>> = { q8: 'Q8_0', q4: 'Q4_0', exact: null }

/** Memory in pages of 2 MB where the system has them, as our engine's process asks for; glibc only. */
const HUGE_PAGES = { GLIBC_TUNABLES: 'glibc.malloc.mmap_threshold=1048576:glibc.malloc.hugetlb=1' }

/** Writes the model first, where it is not there. */
export async function openContestants(root: string, options: BenchOptions, say: (line: string) => void): Promise<Contestants> {
  const { shape, threads, folder, without } = options
  const scripts = join(root, 'scripts/bench')
  const llamaFolder = without.includes('llama') ? null : await llamaPackage(join(scripts, 'llama'), join(cacheFolder(), 'bench'), say).catch((error: Error) => {
    say(`llama.cpp is skipped: ${error.message}`)
    return null
  })
  const parts: BenchPart[] = ['model', 'sae']
  for (const precision of options.precisions) if (llamaFolder !== null && GGUF[precision] !== null) parts.push(GGUF[precision])
  await askForRoom(options, parts)
  const files = benchFiles(folder, shape, parts, say)
  const ours = openOurs({ engine: createEngineProcess(resolve(root, 'dist/engine.js')), model: files.model, sae: files.sae, threads, top: shape.sae.k })
  let bandwidth: Promise<Bandwidth> | null = null
  let llama: { readonly contestant: Contestant; readonly opened: string } | null = null
  let hasPython = without.includes('python') ? false : null

  const closeLlama = async (): Promise<void> => {
    await llama?.contestant.close()
    llama = null
  }
  const rest = async (): Promise<void> => {
    await closeLlama()
    await (await bandwidth)?.close()
    bandwidth = null
  }

  return {
    root,
    files,
    ours,
    bandwidth: () => (bandwidth ??= openBandwidth(threads, () => openContestant(process.execPath, [process.argv[1]!, 'reader'], HUGE_PAGES))),
    async llama(precision, contextSize) {
      const type = GGUF[precision]
      if (llamaFolder === null || type === null) return null
      const opened = `${type} ${contextSize}`
      if (llama?.opened === opened) return llama.contestant
      await closeLlama()
      const contestant = openContestant(process.execPath, [join(scripts, 'llamaContestant.mjs'), llamaFolder])
      try {
        await contestant.ask({ job: 'open', model: files.gguf[type], threads, contextSize })
      } catch (error) {
        say(`llama.cpp is skipped: ${(error as Error).message}`)
        await contestant.close()
        return null
      }
      llama = { contestant, opened }
      return contestant
    },
    python() {
      hasPython ??= pythonWorks(options.python, say)
      return hasPython ? openContestant(options.python, [join(scripts, 'pythonUser.py')]) : null
    },
    freshEngine: () => openContestant(process.execPath, [process.argv[1]!, 'engine']),
    rest,
    async close() {
      await rest()
      await ours.close()
    },
  }
}

async function askForRoom({ folder, shape, yes }: BenchOptions, parts: readonly BenchPart[]): Promise<void> {
  const needed = missingBytes(folder, shape, parts)
  if (needed < 1e8 || yes || !process.stdin.isTTY) return
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`${gigabytes(needed)} of random weights will be written to ${folder} and kept there. Go on? [y/N] `)
  prompt.close()
  if (!/^y/i.test(answer)) throw new Error('nothing was written; --folder names another place')
}

function pythonWorks(program: string, say: (line: string) => void): boolean {
  const { status, error, stderr } = spawnSync(program, ['-c', 'import torch, transformers'], { encoding: 'utf8' })
  if (status === 0) return true
  say(`Python is skipped: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? 'it ended with an error'}`)
  return false
}
