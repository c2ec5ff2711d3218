// Where the parts of this installation lie, relative to the bundle that runs.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** The engine process's bundle stands beside the command line's. */
export const ENGINE_ENTRY = resolve(__dirname, 'engine.js')

/** The demo model and its SAE set; PROMPTSCOPE_DEMO names another folder with the same two. */
export function demoFolders(): { readonly model: string; readonly sae: string } {
  const demo = process.env.PROMPTSCOPE_DEMO ?? resolve(__dirname, '..', 'demo')
  return { model: resolve(demo, 'model'), sae: resolve(demo, 'sae') }
}

/** The version in the package.json beside the bundles' folder. */
export function installedVersion(): string {
  const { version } = JSON.parse(readFileSync(resolve(__dirname, '..', 'package.json'), 'utf8')) as { readonly version: string }
  return version
}
