// Opens what a model folder says about text: its tokenizer and, when it is a chat model, its chat template.
import { join } from 'node:path'
import { specialTokens, type SpecialTokens } from '../formats/specialTokens'
import { createTokenizer, type Tokenizer } from '../formats/tokenizer'
import { tokenizerFromVocabulary } from '../formats/vocabularyFiles'
import { InputError } from '../protocol/errors'
import { isThere, readJson, readJsonIfThere, readText } from './fileSource'

/** What turns a prompt into token ids and back. */
export interface PromptModel extends SpecialTokens {
  readonly tokenizer: Tokenizer
  /** Jinja source, or null when the model has none. */
  readonly chatTemplate: string | null
}

const REMEDY = 'choose a folder that holds a Hugging Face checkpoint with its tokenizer'

/** Throws InputError when the folder has neither tokenizer.json nor the files it can be made from, or they cannot be used. */
export async function openPromptModel(folder: string): Promise<PromptModel> {
  const config = await readJsonIfThere(join(folder, 'tokenizer_config.json'), REMEDY)
  const file = join(folder, 'tokenizer.json')
  const json = (await fromVocabularyFiles(folder, file)) ?? (await readJson(file, REMEDY))
  return { tokenizer: createTokenizer(json, config, file), chatTemplate: await readChatTemplate(folder, config), ...specialTokens(json, config) }
}

/** Of a folder that has vocab.json and merges.txt only; undefined for any other. */
async function fromVocabularyFiles(folder: string, tokenizerFile: string): Promise<object | undefined> {
  const [vocab, merges] = [join(folder, 'vocab.json'), join(folder, 'merges.txt')]
  if ((await isThere(tokenizerFile)) || !(await isThere(vocab)) || !(await isThere(merges))) return undefined
  const config = await readJsonIfThere(join(folder, 'config.json'), REMEDY)
  return tokenizerFromVocabulary(await readJson(vocab, REMEDY), await readText(merges, REMEDY), (config as { model_type?: unknown } | undefined)?.model_type, folder)
}

/** From chat_template.jinja, chat_template.json or tokenizer_config.json, the first that has one: the order of transformers. */
async function readChatTemplate(folder: string, tokenizerConfig: unknown): Promise<string | null> {
  const jinja = join(folder, 'chat_template.jinja')
  if (await isThere(jinja)) return readText(jinja, REMEDY)
  const json = await readJsonIfThere(join(folder, 'chat_template.json'), REMEDY)
  return templateIn(json, 'chat_template.json') ?? templateIn(tokenizerConfig, 'tokenizer_config.json')
}

/** `chat_template`: one template, or several with names, of which `default` is meant. */
function templateIn(json: unknown, fileName: string): string | null {
  const found = (json as { chat_template?: unknown } | null | undefined)?.chat_template
  if (found === undefined || found === null) return null
  if (typeof found === 'string') return found
  if (Array.isArray(found)) {
    const named = (found as { name?: unknown; template?: unknown }[]).find((entry) => entry?.name === 'default')
    if (typeof named?.template === 'string') return named.template
  }
  throw new InputError(`${fileName} chat_template is not a text`, 'use the file that came with the model')
}
