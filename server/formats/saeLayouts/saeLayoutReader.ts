// What is known of one layout of SAE files: how a folder of it is recognised, and how its files become the one internal form.
import type { SaeLayer, SaeLayout } from '../saeLayer'
import type { StoredTensor } from '../tensorEntry'

export interface SaeLayoutReader {
  readonly layout: SaeLayout
  /** Whether a folder with these files, `checkpoints/final.safetensors` among them, is of this layout. */
  matches(files: ReadonlySet<string>): boolean
  /** The JSON file of the folder that `describe` reads; null for none. */
  readonly configFile: string | null
  /** Throws InputError for what cannot be read: another hook than resid_post, an activation that is not known. */
  describe(folder: SaeFolder): SaeFolderDescription
}

/** A folder of SAE files as its reader sees it. */
export interface SaeFolder {
  readonly files: ReadonlySet<string>
  /** The parsed `configFile`; undefined without one. */
  readonly json: unknown
  /** The configuration's path, or the folder's without one: what errors begin with. */
  readonly fileName: string
  /** Names of the folder and those above it, innermost last: some layouts tell the layer only there. */
  readonly path: readonly string[]
}

export interface SaeFolderDescription {
  readonly baseModel: string | null
  readonly modelLayers: number | null
  readonly saes: readonly SaeSource[]
}

/** One SAE of a folder. */
export interface SaeSource {
  /** Its decoder layer. */
  readonly layer: number
  /** File of its tensors, relative to the folder. */
  readonly file: string
  /** Throws InputError that names file and tensor. */
  read(tensors: SaeTensors): SaeLayer
}

/** The tensors of one file, by name, and the file's path. */
export interface SaeTensors {
  readonly fileName: string
  readonly byName: ReadonlyMap<string, StoredTensor>
}
