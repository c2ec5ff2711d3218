// Where an answer ends: ids from the files of Llama, Mistral and Qwen folders.
import { expect, test } from 'vitest'
import { readStopIds } from '../../../server/checkpoint/stopIds'
import { newFolder, writeJson } from './tinyFolders'

/** Ids of the tokens given, in a folder with these files. */
async function stopIds(files: Readonly<Record<string, unknown>>, config: unknown, vocabSize: number): Promise<number[]> {
  const folder = await newFolder()
  for (const [name, value] of Object.entries(files)) await writeJson(folder, name, value)
  return readStopIds(folder, config, vocabSize)
}

const added = (tokens: Readonly<Record<string, number>>): object => ({ added_tokens: Object.entries(tokens).map(([content, id]) => ({ id, content, special: true })) })

test.each<[name: string, files: Record<string, unknown>, config: object, vocabSize: number, ids: number[]]>([
  // The ids of Llama 3.1: end of text, of message, of turn.
  ['Llama-3.1-8B-Instruct', { 'generation_config.json': { eos_token_id: [128001, 128008, 128009] }, 'tokenizer.json': added({ '<|begin_of_text|>': 128000, '<|end_of_text|>': 128001, '<|eom_id|>': 128008, '<|eot_id|>': 128009 }) },
    { eos_token_id: [128001, 128008, 128009] }, 128256, [128001, 128008, 128009]],
  ['a Llama fine-tuned for chat whose configuration knows only the end of text', { 'tokenizer.json': added({ '<|end_of_text|>': 128001, '<|eot_id|>': 128009 }) }, { eos_token_id: 128001 }, 128256, [128001, 128009]],
  ['Mistral', { 'tokenizer.json': added({ '<unk>': 0, '<s>': 1, '</s>': 2, '[INST]': 3 }) }, {}, 32768, [2]],
  ['a vocabulary that only tokenizer_config.json explains', { 'tokenizer.json': added({ '<s>': 1, '<|fin|>': 7 }), 'tokenizer_config.json': { eos_token: '<|fin|>' } }, {}, 10, [7]],
  ['the same, as older files write tokens', { 'tokenizer.json': added({ '<|fin|>': 7 }), 'tokenizer_config.json': { eos_token: { content: '<|fin|>', lstrip: false } } }, {}, 10, [7]],
  ['a folder without tokenizer.json', { 'tokenizer_config.json': { eos_token: '<|im_end|>', added_tokens_decoder: { 8: { content: '<|endoftext|>' }, 9: { content: '<|im_end|>' }, 7: { content: '<think>' } } } }, {}, 10, [8, 9]],
  ['a tokenizer_config.json without an end', { 'tokenizer.json': added({ '<|fin|>': 7 }), 'tokenizer_config.json': { eos_token: null } }, {}, 10, []],
])('%s', async (_, files, config, vocabSize, ids) => expect(await stopIds(files, config, vocabSize)).toEqual(ids))
