// A download from the hub as plain data: what is chosen, and what it takes.

/** Layers of an SAE set: all, or these. */
export type LayerChoice = 'all' | readonly number[]

export interface DownloadChoice {
  /** `Org/Name`. */
  readonly repository: string
  /** A branch, tag or commit. */
  readonly revision: string
  /** Null finds out: an SAE set when the repository holds SAEs. */
  readonly kind: 'model' | 'sae' | null
  /** Of an SAE set. */
  readonly layers: LayerChoice
  /** Folders of the repository that the SAEs are taken from; empty for all. */
  readonly folders: readonly string[]
}

export interface DownloadPlan {
  readonly repository: string
  readonly revision: string
  /** What the revision means now, 40 hex digits. */
  readonly commit: string
  readonly kind: 'model' | 'sae'
  /** Of an SAE set: its layout and the layers that are chosen; null and empty for a model. */
  readonly layout: string | null
  readonly layers: readonly number[]
  /** Why the model could not be run here once it is there, or null. */
  readonly problem: string | null
  readonly files: readonly PlannedFile[]
  /** Of all files, and of what of them is on disk. */
  readonly bytes: number
  readonly bytesThere: number
  /** Where the bytes will lie, and how many more fit on its disk. */
  readonly cache: string
  readonly freeBytes: number
  /** The folder to open afterwards. */
  readonly folder: string
}

export interface PlannedFile {
  /** With slashes, below the repository's folder. */
  readonly path: string
  readonly size: number
  /** Of the content: SHA-256 of large files, git's blob hash of small ones. In the cache the file is named by it. */
  readonly checksum: string
  /** All of `size` when the file is there; less when an earlier download ended. */
  readonly bytesThere: number
}
