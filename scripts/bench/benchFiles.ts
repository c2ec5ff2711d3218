// Makes the files that the benchmarks run on, once: a folder per shape with model/, sae/ and the GGUF files; what is complete is used again.
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ggufBytes, writeGguf, type GgufType } from './writeGguf'
import type { BenchShape } from './modelShape'
import { modelBytes, writeModel } from './writeModel'
import { saeBytes, writeSaes } from './writeSaes'
import { writeTokenizer } from './writeTokenizer'

export interface BenchFiles {
  readonly model: string
  readonly sae: string
  readonly gguf: { readonly [type in GgufType]: string }
}

/** Raised when what is written changes, so that older files are made anew. */
const VERSION = 1

export type BenchPart = 'model' | 'sae' | GgufType

interface Item {
  readonly path: string
  readonly bytes: number
  readonly isFolder: boolean
  readonly write: (path: string) => void
}

/** `parts` says which are needed. `say` gets a line per thing that is written; throws when the disk is too full. */
export function benchFiles(folder: string, shape: BenchShape, parts: readonly BenchPart[], say: (line: string) => void): BenchFiles {
  const items = itemsOf(folder, shape)
  const missing = parts.map((part) => items[part]).filter(({ path }) => !isComplete(path, recipeOf(shape)))
  if (missing.length > 0) refuseFullDisk(folder, sizeOf(missing))
  for (const item of missing) make(item, recipeOf(shape), say)
  const tokenizer = join(items.model.path, 'tokenizer.json')
  if (parts.includes('model') && !existsSync(tokenizer)) writeTokenizer(tokenizer, shape.model.vocabSize)
  return { model: items.model.path, sae: items.sae.path, gguf: { Q8_0: items.Q8_0.path, Q4_0: items.Q4_0.path } }
}

/** Bytes that `benchFiles` would write. */
export function missingBytes(folder: string, shape: BenchShape, parts: readonly BenchPart[]): number {
  const items = itemsOf(folder, shape)
  return sizeOf(parts.map((part) => items[part]).filter(({ path }) => !isComplete(path, recipeOf(shape))))
}

function itemsOf(folder: string, shape: BenchShape): Readonly<Record<BenchPart, Item>> {
  const gguf = (type: GgufType): Item => ({ path: join(folder, `${shape.model.name}-${type}.gguf`), bytes: ggufBytes(shape.model, type), isFolder: false, write: (path) => writeGguf(path, shape.model, type) })
  return {
    model: { path: join(folder, 'model'), bytes: modelBytes(shape.model), isFolder: true, write: (path) => writeModel(path, shape.model) },
    sae: { path: join(folder, 'sae'), bytes: saeBytes(shape), isFolder: true, write: (path) => writeSaes(path, shape) },
    Q8_0: gguf('Q8_0'),
    Q4_0: gguf('Q4_0'),
  }
}

const recipeOf = (shape: BenchShape): string => JSON.stringify({ version: VERSION, ...shape })
const sizeOf = (items: readonly Item[]): number => items.reduce((sum, { bytes }) => sum + bytes, 0)

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
  write(path)
  writeFileSync(markOf(path), recipe)
}

function refuseFullDisk(folder: string, needed: number): void {
  mkdirSync(folder, { recursive: true })
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (free < 1.1 * needed) throw new Error(`${folder} has ${(free / 1e9).toFixed(1)} GB free and the files need ${(needed / 1e9).toFixed(1)}: choose another folder with --folder`)
}
