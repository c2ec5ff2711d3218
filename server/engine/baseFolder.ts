// The folder under which ONNX Runtime may read weights, and file paths relative to it: it refuses absolute paths, `..` and links that lead out.
import { dirname, parse, relative, sep } from 'node:path'
import { InputError } from '../protocol/errors'

export interface WeightFolder {
  readonly baseFolder: string
  /** The path of one of the files below the base folder, with forward slashes. */
  readonly location: (file: string) => string
}

/** The deepest folder that holds all files. `files` must be real, absolute paths. Throws InputError when they lie on different drives. */
export function weightFolder(files: Iterable<string>): WeightFolder {
  let base: string | null = null
  for (const file of files) {
    base ??= dirname(file)
    while (!isInside(file, base)) {
      const parent = dirname(base)
      if (parent === base) throw new InputError(`weights ${base} and ${file} lie on different drives`, 'put all files of the model on one drive')
      base = parent
    }
  }
  const baseFolder = base ?? parse(process.cwd()).root
  return { baseFolder, location: (file) => relative(baseFolder, file).split(sep).join('/') }
}

function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
