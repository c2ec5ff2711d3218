// Bundles an engine process's entry for tests, as the product's build does, into a folder from which packages are found.
import { build } from 'esbuild'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

export interface BundledEngine {
  readonly entryFile: string
  remove(): void
}

/** `source` is the text of a module that may import from the repository's root, for example `./server/engine/engineEntry`. */
export async function bundleEngine(source: string): Promise<BundledEngine> {
  mkdirSync(join(ROOT, 'out'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, 'out', 'engine-'))
  const entryFile = join(folder, 'engine.js')
  await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    outfile: entryFile, bundle: true, platform: 'node', format: 'cjs', external: ['onnxruntime-node'], logLevel: 'silent',
  })
  return { entryFile, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
