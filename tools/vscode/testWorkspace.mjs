// Makes the folder that tests open in VS Code: a copy of the demo workspace's prompts, so that no test writes into the repository.
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/command.mjs'

/** Makes the folder anew and answers with its path. */
export function makeTestWorkspace(/** @type {string} */ name) {
  const folder = join(root, 'out', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(join(root, 'demo/prompts'), join(folder, 'prompts'), { recursive: true })
  return folder
}
