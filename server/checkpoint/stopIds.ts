// Collects the token ids at which a model's answer ends, from the several files that name them.
import { join } from 'node:path'
import { fieldOf } from '../formats/jsonFields'
import { readJsonIfThere } from './fileSource'

/** Tokens that end a turn or a text in the vocabularies of Qwen, Llama and Mistral, whatever the configuration says. */
const END_TOKENS: readonly string[] = ['<|im_end|>', '<|endoftext|>', '<|eot_id|>', '<|eom_id|>', '<|end_of_text|>', '</s>']

/** From generation_config.json, config.json, the tokenizer's added tokens and its eos_token together; ids outside the vocabulary are left out. */
export async function readStopIds(folder: string, config: unknown, vocabSize: number): Promise<number[]> {
  const generation = await jsonOrNothing(join(folder, 'generation_config.json'))
  const tokenizer = await jsonOrNothing(join(folder, 'tokenizer.json'))
  const tokenizerConfig = await jsonOrNothing(join(folder, 'tokenizer_config.json'))
  const ends = new Set<unknown>([...END_TOKENS, tokenText(fieldOf(tokenizerConfig, 'eos_token'))])
  const ids = [...listed(fieldOf(generation, 'eos_token_id')), ...listed(fieldOf(config, 'eos_token_id'))]
  for (const token of listed(fieldOf(tokenizer, 'added_tokens'))) {
    if (ends.has(fieldOf(token, 'content'))) ids.push(fieldOf(token, 'id'))
  }
  for (const [id, token] of Object.entries(fieldOf(tokenizerConfig, 'added_tokens_decoder') ?? {})) {
    if (ends.has(fieldOf(token, 'content'))) ids.push(Number(id))
  }
  return [...new Set(ids)].filter((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < vocabSize)
}

/** These files only add to what is known: one that is missing or damaged is reported where it is needed. */
async function jsonOrNothing(path: string): Promise<unknown> {
  return readJsonIfThere(path, '').catch(() => undefined)
}

/** Older files write a token as an object. */
const tokenText = (token: unknown): unknown => fieldOf(token, 'content') ?? token

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}
