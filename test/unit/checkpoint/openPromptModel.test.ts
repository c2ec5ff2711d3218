// What a model folder says about text when it has no tokenizer.json: vocab.json and merges.txt, and how the model splits text.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPromptModel } from '../../../server/checkpoint/openPromptModel'
import { tinyTokenizerJson } from '../formats/tinyTokenizer'
import { newFolder, writeJson } from './tinyFolders'

const excerpt = JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/tokenizer/qwen3Excerpt.json'), 'utf8')) as { vocab: object; merges: string[]; cases: { text: string; ids: number[] }[] }

async function folderOf(modelType: string): Promise<string> {
  const folder = await newFolder()
  await writeJson(folder, 'config.json', { model_type: modelType })
  await writeJson(folder, 'vocab.json', excerpt.vocab)
  await writeFile(join(folder, 'merges.txt'), `#version: 0.2\r\n${excerpt.merges.join('\r\n')}\r\n`)
  await writeJson(folder, 'tokenizer_config.json', { added_tokens_decoder: { 151645: { content: '<|im_end|>', special: true } }, chat_template: 'T', eos_token: '<|im_end|>' })
  return folder
}

test('vocab.json and merges.txt give the ids that tokenizer.json gives', async () => {
  const { tokenizer, chatTemplate, textPrefix, templateVariables } = await openPromptModel(await folderOf('qwen3'))
  for (const { text, ids } of excerpt.cases) expect(tokenizer.encode(`${text}<|im_end|>`).map(({ id }) => id)).toEqual([...ids, 151645])
  expect({ chatTemplate, textPrefix, templateVariables }).toEqual({ chatTemplate: 'T', textPrefix: '', templateVariables: { eos_token: '<|im_end|>' } })
})

test('Qwen3.5 keeps marks with their letters, Qwen3 does not', async () => {
  // The two bytes of a dot below, as the byte alphabet writes them, and a token of q with that dot.
  const vocab = { ...tinyTokenizerJson().model.vocab, 'Ì£': 256, 'qÌ£': 257 }
  const ids = async (modelType: string): Promise<number[]> => {
    const folder = await folderOf(modelType)
    await writeJson(folder, 'vocab.json', vocab)
    await writeFile(join(folder, 'merges.txt'), 'Ì £\nq Ì£\n')
    return (await openPromptModel(folder)).tokenizer.encode('q\u0323').map(({ id }) => id)
  }
  expect([await ids('qwen3'), await ids('qwen3_5')]).toEqual([[113, 256], [257]])
})

test('a model whose splitting is not known is refused', async () => {
  const folder = await folderOf('gpt2')
  await expect(openPromptModel(folder)).rejects.toThrow(`${folder} has no tokenizer.json, and vocab.json and merges.txt do not say how a model of the type "gpt2" splits text`)
})
