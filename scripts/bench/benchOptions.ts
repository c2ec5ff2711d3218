// What `npm run bench` is asked for on the command line.
import { join, resolve } from 'node:path'
import { readOptions } from '../../server/cli/options'
import { UsageError } from '../../server/cli/usageError'
import { cacheFolder } from '../../server/checkpoint/cacheFolder'
import { physicalCores } from '../../server/engine/physicalCores'
import type { Precision } from '../../server/protocol/values'
import { QWEN3_1_7B, SHAPES, type BenchShape } from './modelShape'

/** In the order in which they run. */
export const PARTS = ['decode', 'prefill', 'layers', 'rerun', 'start', 'memory', 'loop', 'activation'] as const
export type Part = (typeof PARTS)[number]

export interface BenchOptions {
  readonly parts: readonly Part[]
  readonly precisions: readonly Precision[]
  readonly shape: BenchShape
  /** Where the random model lies, or is written. */
  readonly folder: string
  readonly repeats: number
  /** Tokens that lie before the ones that are generated. */
  readonly contexts: readonly number[]
  readonly steps: number
  readonly threads: number
  readonly without: readonly string[]
  readonly python: string
  readonly json: string | null
  readonly yes: boolean
}

export const BENCH_HELP = `npm run bench -- [options]

  --only PARTS        some of: demo, hover, debugger, ${PARTS.join(', ')}
  --precision LIST    some of: q8, q4, exact (default: all)
  --repeats N         measurements per median (default 5)
  --context LIST      prompt lengths for decode and prefill (default 128; long: 128,1024,4096)
  --steps N           tokens per measurement of decoding (default 32)
  --threads N         default: the physical cores
  --without LIST      some of: llama, python
  --python PROGRAM    with torch and transformers (default python3)
  --shape NAME        ${SHAPES.map(({ model }) => model.name).join(' or ')}
  --folder FOLDER     where the random model lies or is written
  --yes               write the random model (8 GB) without asking
  --json FILE         every single measurement
`

const PRECISIONS: readonly Precision[] = ['q8', 'q4', 'exact']

/** Throws UsageError. Parts that are no part of this program (demo, hover, debugger) are passed over. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const
  const options = readOptions(args, {
    only: text, precision: text, repeats: text, context: text, steps: text, threads: text, without: text, python: text, shape: text, folder: text, json: text, yes: { type: 'boolean' },
  })
  const list = <T extends string>(name: string, known: readonly T[], all: readonly T[]): readonly T[] => {
    const asked = options.string(name)?.split(',').map((item) => item.trim())
    const unknown = asked?.find((item) => !(known as readonly string[]).includes(item))
    if (unknown !== undefined) throw new UsageError(`--${name} takes ${known.join(', ')}, not "${unknown}"`)
    return asked ? known.filter((item) => asked.includes(item)) : all
  }
  const shapeName = options.choice('shape', SHAPES.map(({ model }) => model.name))
  const shape = SHAPES.find(({ model }) => model.name === shapeName) ?? QWEN3_1_7B
  const folder = options.string('folder')
  const only = list('only', ['demo', 'hover', 'debugger', ...PARTS], PARTS)
  return {
    parts: PARTS.filter((part) => only.includes(part)),
    precisions: list('precision', PRECISIONS, PRECISIONS),
    shape,
    folder: folder === null ? join(cacheFolder(), 'bench', shape.model.name) : resolve(folder),
    repeats: options.whole('repeats', 1) ?? 5,
    contexts: options.wholes('context') ?? [128],
    steps: options.whole('steps', 2) ?? 32,
    threads: options.whole('threads', 1) ?? physicalCores(),
    without: list('without', ['llama', 'python'], []),
    python: options.string('python') ?? 'python3',
    json: options.string('json'),
    yes: options.has('yes'),
  }
}
