// Makes the files that the benchmarks run on, once: a folder per shape with model/, sae/ and the GGUF files; what is complete is used again.
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GGUF_TYPES, ggufBytes, writeGguf, type GgufType } from './writeGguf'
import type { BenchShape } from './modelShape'
import { modelBytes, writeModel } from './writeModel'
import { saeBytes, writeSaes } from './writeSaes'

export interface BenchFiles {
  readonly model: string
  readonly sae: string
  readonly gguf: { readonly [type in GgufType]: string }
}

/** Raised when what is written changes, so that older files are made anew. */
const VERSION = 1

interface Item {
  readonly path: string
  readonly bytes: number
  readonly isFolder: boolean
  readonly write: (path: string, onBytes: (bytes: number) => void) => void
}

/** `parts` says which are needed. `say` gets a line per thing that is written; throws when the disk is too full. */
export function benchFiles(folder: string, shape: BenchShape, parts: readonly ('model' | 'sae' | GgufType)[], say: (line: string) => void): BenchFiles {
  const gguf = Object.fromEntries(GGUF_TYPES.map((type) => [type, join(folder, `${shape.model.name}-${type}.gguf`)])) as BenchFiles['gguf']
  const files: BenchFiles = { model: join(folder, 'model'), sae: join(folder, 'sae'), gguf }
  const items: Readonly<Record<(typeof parts)[number], Item>> = {
    model: { path: files.model, bytes: modelBytes(shape.model), isFolder: true, write: (path, onBytes) => writeModel(path, shape.model, onBytes) },
    sae: { path: files.sae, bytes: saeBytes(shape), isFolder: true, write: (path, onBytes) => writeSaes(path, shape, onBytes) },
    Q8_0: ggufItem('Q8_0'),
    Q4_0: ggufItem('Q4_0'),
  }
  const recipe = JSON.stringify({ version: VERSION, ...shape })
  const missing = parts.map((part) => items[part]).filter(({ path }) => !isComplete(path, recipe))
  if (missing.length > 0) refuseFullDisk(folder, missing.reduce((sum, { bytes }) => sum + bytes, 0))
  for (const item of missing) make(item, recipe, say)
  return files

  function ggufItem(type: GgufType): Item {
    return { path: gguf[type], bytes: ggufBytes(shape.model, type), isFolder: false, write: (path, onBytes) => writeGguf(path, shape.model, type, onBytes) }
  }
}

/** Lies beside what it speaks of, so that model folders look as they do elsewhere. */
const markOf = (path: string): string => `${path}.complete`

function isComplete(path: string, recipe: string): boolean {
  return existsSync(path) && existsSync(markOf(path)) && readFileSync(markOf(path), 'utf8') === recipe
}

function make({ path, bytes, isFolder, write }: Item, recipe: string, say: (line: string) => void): void {
  say(`writing ${path} (${(bytes / 1e9).toFixed(2)} GB of random weights; kept for the next time)`)
  rmSync(markOf(path), { force: true })
  rmSync(path, { recursive: true, force: true })
  mkdirSync(isFolder ? path : dirname(path), { recursive: true })
  write(path, () => undefined)
  writeFileSync(markOf(path), recipe)
}

function refuseFullDisk(folder: string, needed: number): void {
  mkdirSync(folder, { recursive: true })
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (free < 1.1 * needed) throw new Error(`${folder} has ${(free / 1e9).toFixed(1)} GB free and the files need ${(needed / 1e9).toFixed(1)}: choose another folder with --folder`)
}
