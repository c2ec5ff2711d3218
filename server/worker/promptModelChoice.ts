// Which model a prompt file asks for itself. Foreign names such as `googleai/gemini-2.5-flash` ask for nothing here.
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isCached } from '../checkpoint/locateModel'
import { fileNameOf } from '../editor/fileName'
import { parsePromptFile } from '../formats/promptFile'
import type { ModelChoice } from './modelService'

/** Settings that the prompt's front matter overrides: a `model` or `sae` that names a folder with a config.json, absolute or relative to the file, or a repository in a cache. */
export async function readModelChoice(promptUri: string, text: string): Promise<ModelChoice> {
  const { model, sae } = parsePromptFile(fileNameOf(promptUri), text).frontMatter
  const base = promptUri.startsWith('file:') ? dirname(fileURLToPath(promptUri)) : null
  const [modelFolder, saeFolder] = await Promise.all([findFolder(base, model?.value), findFolder(base, sae?.value)])
  // An SAE set in the settings belongs to the settings' model, not to the prompt's own.
  return { ...(modelFolder !== null && { model: modelFolder, sae: '' }), ...(saeFolder !== null && { sae: saeFolder }) }
}

async function findFolder(base: string | null, name: string | undefined): Promise<string | null> {
  if (name === undefined) return null
  const folder = base === null ? resolve(name) : resolve(base, name)
  const config = await stat(join(folder, 'config.json')).catch(() => null)
  if (config?.isFile()) return folder
  return (await isCached(name)) ? name : null
}
