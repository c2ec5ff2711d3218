// Finds the SAEs in a folder and those below it, whatever their layout, from names of files and small JSON files alone.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { SaeLayout } from '../formats/saeLayer'
import type { SaeSource } from '../formats/saeLayouts/saeLayoutReader'
import { SAE_LAYOUTS } from '../formats/saeLayouts/saeLayouts'
import { readJson } from './fileSource'

/** An SAE and the absolute path of the file that holds it. */
export interface FoundSae {
  readonly source: SaeSource
  readonly file: string
}

/** What a folder holds. */
export interface FoundSaes {
  readonly layout: SaeLayout
  readonly baseModel: string | null
  readonly modelLayers: number | null
  readonly saes: readonly FoundSae[]
}

/** How deep published sets lie: `layer_3/width_16k/average_l0_71`. */
const DEPTH = 3
const MOST_FOLDERS = 1000

/** Names of folders that are looked at for the layer: the folder and three above it. */
const NAMES_ABOVE = 4

/** Null when no file is one of an SAE. Throws InputError for an SAE that cannot be read. */
export async function findSaes(folder: string): Promise<FoundSaes | null> {
  const found: FoundSaes[] = []
  let looked = 0
  const look = async (path: string, depth: number): Promise<void> => {
    if (++looked > MOST_FOLDERS) return
    const { files, folders } = await contents(path)
    const here = await saesIn(path, files)
    if (here) found.push(here)
    else if (depth < DEPTH) for (const name of folders) await look(join(path, name), depth + 1)
  }
  await look(resolve(folder), 0)
  if (found.length === 0) return null
  return { ...found[0]!, saes: found.flatMap(({ saes }) => saes) }
}

async function saesIn(path: string, files: ReadonlySet<string>): Promise<FoundSaes | null> {
  const reader = SAE_LAYOUTS.find((layout) => layout.matches(files))
  if (!reader) return null
  const fileName = reader.configFile === null ? path : join(path, reader.configFile)
  const json = reader.configFile === null ? undefined : await readJson(fileName, 'choose a folder that holds an SAE set')
  const { baseModel, modelLayers, saes } = reader.describe({ files, json, fileName, path: namesOf(path) })
  return { layout: reader.layout, baseModel, modelLayers, saes: saes.map((source) => ({ source, file: join(path, source.file) })) }
}

/** Files of the folder, and of its folder `checkpoints`; and its other folders, sorted. */
async function contents(path: string): Promise<{ readonly files: ReadonlySet<string>; readonly folders: readonly string[] }> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  const files = new Set(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name))
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name).filter((name) => !name.startsWith('.')).sort()
  if (folders.includes('checkpoints')) for (const name of await readdir(join(path, 'checkpoints')).catch(() => [])) files.add(`checkpoints/${name}`)
  return { files, folders }
}

function namesOf(path: string): readonly string[] {
  const names: string[] = []
  for (let at = path; names.length < NAMES_ABOVE && dirname(at) !== at; at = dirname(at)) names.unshift(basename(at))
  return names
}
