// Which model a prompt file asks for, when the command line names none.
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isCached } from '../checkpoint/locateModel'
import { parsePromptFile } from '../formats/promptFile'
import { quote } from '../formats/quote'
import type { CommandContext } from './commandContext'
import type { ModelChoice, PromptSource } from './runOptions'

/** The choice with the front matter's model and SAE set filled in, taken from the prompt file's folder. A model that is neither a folder nor in a cache, such as a service's, is passed over with a note. */
export async function withFrontMatterModel(choice: ModelChoice, source: PromptSource, text: string, { terminal }: CommandContext): Promise<ModelChoice> {
  if (source.kind !== 'file' || choice.model !== null) return choice
  const { model, sae } = parsePromptFile(source.path, text).frontMatter
  if (!model) return choice
  const fromFile = (path: string): string => resolve(dirname(source.path), path)
  const folder = fromFile(model.value)
  if ((await stat(folder).catch(() => null))?.isDirectory()) return { ...choice, model: folder, sae: choice.sae ?? (sae ? fromFile(sae.value) : null) }
  if (await isCached(model.value)) return { ...choice, model: model.value, sae: choice.sae ?? (sae && (await isCached(sae.value)) ? sae.value : sae ? fromFile(sae.value) : null) }
  terminal.note(`promptscope: front matter model ${quote(model.value)} is no folder here, so the demo model is used; name one with --model`)
  return choice
}
