// Tells the SAE sets apart that lie in one folder: which folders hold a whole set each.
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { InputError } from '../protocol/errors'
import { findSaes } from './saeFolders'
import { subfolders } from './subfolders'

/** A folder that holds one SAE set, or something of one that cannot be read. */
export interface SaeSetFolder {
  readonly path: string
  /** Null when it can be read. */
  readonly problem: InputError | null
}

/** How far below a folder with unreadable SAEs the others are looked for. */
const DEPTH = 2

/** In order of path; empty for a folder without SAEs. */
export async function saeSetFolders(folder: string, depth = DEPTH): Promise<SaeSetFolder[]> {
  const path = resolve(folder)
  try {
    const found = await findSaes(path)
    if (!found) return []
    return setsWithin(path, found.saes.map(({ source, file }) => ({ layer: source.layer, folder: folderOf(file) }))).map((set) => ({ path: set, problem: null }))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const below = depth === 0 ? [] : (await Promise.all((await subfolders(path)).map((child) => saeSetFolders(child, depth - 1)))).flat()
    return below.length > 0 ? below : [{ path, problem: error }]
  }
}

interface PlacedSae {
  readonly layer: number
  readonly folder: string
}

/** Layouts with a folder for each layer are one set where the folders' names differ in numbers only. */
function setsWithin(path: string, saes: readonly PlacedSae[]): string[] {
  if (saes.some(({ folder }) => folder === path)) return [path]
  const children = new Map<string, PlacedSae[]>()
  for (const sae of saes) {
    const child = relative(path, sae.folder).split(sep)[0]!
    children.set(child, [...(children.get(child) ?? []), sae])
  }
  const isPerLayer = children.size > 1 && children.size === saes.length && new Set(saes.map(({ layer }) => layer)).size === saes.length && new Set(Array.from(children.keys(), withoutNumbers)).size === 1
  return isPerLayer ? [path] : [...children].flatMap(([child, inside]) => setsWithin(join(path, child), inside))
}

const withoutNumbers = (name: string): string => name.replace(/\d+/g, '')

function folderOf(file: string): string {
  const folder = dirname(file)
  return basename(folder) === 'checkpoints' ? dirname(folder) : folder
}
