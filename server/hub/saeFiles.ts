// Which files of a repository an SAE set needs: the layers asked for, in whatever layout they are published.
import { rangesText } from '../formats/rangesText'
import type { SaeLayout } from '../formats/saeLayer'
import type { SaeLayoutReader } from '../formats/saeLayouts/saeLayoutReader'
import { SAE_LAYOUTS } from '../formats/saeLayouts/saeLayouts'
import type { LayerChoice } from '../protocol/download'
import { InputError } from '../protocol/errors'
import type { HubFile } from './listRepository'

/** A folder of the repository that holds SAEs. */
export interface SaeFolderOnHub {
  /** Below the repository's folder; empty for that itself. */
  readonly folder: string
  readonly reader: SaeLayoutReader
  /** Names relative to the folder, as its reader takes them. */
  readonly files: ReadonlySet<string>
}

/** One SAE of the repository and all it needs. */
export interface SaeOnHub {
  readonly layout: SaeLayout
  readonly folder: string
  readonly layer: number
  readonly files: readonly HubFile[]
}

/** Folders that look like SAEs; `within` limits them to these folders and those below. */
export function saeFoldersOf(files: readonly HubFile[], within: readonly string[]): SaeFolderOnHub[] {
  const folders = new Map<string, Set<string>>()
  const add = (folder: string, name: string): void => void (folders.get(folder) ?? folders.set(folder, new Set()).get(folder)!).add(name)
  for (const { path } of files) {
    const [folder, name] = split(path)
    add(folder, name)
    // One layout keeps its weights in a folder of this name.
    const [above, last] = split(folder)
    if (last === 'checkpoints') add(above, `checkpoints/${name}`)
  }
  return [...folders].flatMap(([folder, names]) => {
    if (within.length > 0 && !within.some((root) => folder === root || folder.startsWith(`${root}/`))) return []
    const reader = SAE_LAYOUTS.find((layout) => layout.matches(names))
    return reader ? [{ folder, reader, files: names }] : []
  })
}

/**
 * The SAEs of the folders. `readJson` fetches a configuration by its path in the repository. Folders whose SAEs cannot be used (of an MLP, of an
 * attention block) are left out; when nothing is left, the first one's InputError says why.
 */
export async function saesIn(repository: string, folders: readonly SaeFolderOnHub[], files: readonly HubFile[], readJson: (path: string) => Promise<unknown>): Promise<SaeOnHub[]> {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const found: SaeOnHub[] = []
  let firstProblem: InputError | null = null
  for (const { folder, reader, files: names } of folders) {
    const at = (name: string): string => (folder === '' ? name : `${folder}/${name}`)
    try {
      const json = reader.configFile === null ? undefined : await readJson(at(reader.configFile))
      const fileName = [repository, at(reader.configFile ?? '')].join('/').replace(/\/$/, '')
      const { saes } = reader.describe({ files: names, json, fileName, path: [...repository.split('/'), ...folder.split('/')].filter((part) => part !== '') })
      for (const { layer, file } of saes) {
        const needed = [...(reader.configFile === null ? [] : [reader.configFile]), file].flatMap((name) => byPath.get(at(name)) ?? [])
        found.push({ layout: reader.layout, folder, layer, files: needed })
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      firstProblem ??= error
    }
  }
  if (found.length === 0 && firstProblem) throw firstProblem
  return found.sort((a, b) => a.layer - b.layer || (a.folder < b.folder ? -1 : 1))
}

/** One SAE per layer. Throws InputError when a layer is not there, or there several times. */
export function chosenSaes(repository: string, saes: readonly SaeOnHub[], layers: LayerChoice): SaeOnHub[] {
  const available = [...new Set(saes.map(({ layer }) => layer))]
  const missing = layers === 'all' ? undefined : layers.find((layer) => !available.includes(layer))
  if (missing !== undefined) throw new InputError(`${repository} has no SAE of layer ${missing}`, `choose among ${rangesText(available)}`)
  const chosen = saes.filter(({ layer }) => layers === 'all' || layers.includes(layer))
  const twice = chosen.find((sae, index) => chosen[index + 1]?.layer === sae.layer)
  if (twice) {
    const folders = chosen.filter(({ layer }) => layer === twice.layer).map(({ folder }) => folder)
    throw new InputError(
      `${repository} has ${folders.length} SAEs of layer ${twice.layer}: ${folders.slice(0, 6).join(', ')}${folders.length > 6 ? ', …' : ''}`,
      'name one of these folders, or one for each layer, with --folder',
    )
  }
  return chosen
}

function split(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)]
}
