// What stands before a text and what chat templates know, as the files of Llama, Mistral and Qwen say it.
import { expect, test } from 'vitest'
import { specialTokens } from '../../../server/formats/specialTokens'

const TEXT = { Sequence: { id: 'A', type_id: 0 } }
const token = (id: string): object => ({ SpecialToken: { id, type_id: 0 } })
const named = (id: string, ids: number[]): Record<string, object> => ({ [id]: { id, ids, tokens: [id] } })
const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true }

test.each<[name: string, postProcessor: unknown, prefix: string]>([
  ['Llama 3', { type: 'Sequence', processors: [byteLevel, { type: 'TemplateProcessing', single: [token('<|begin_of_text|>'), TEXT], pair: [], special_tokens: named('<|begin_of_text|>', [128000]) }] }, '<|begin_of_text|>'],
  ['Mistral', { type: 'TemplateProcessing', single: [token('<s>'), TEXT], pair: [], special_tokens: named('<s>', [1]) }, '<s>'],
  ['a tokenizer that only ends texts', { type: 'TemplateProcessing', single: [TEXT, token('</s>')], pair: [], special_tokens: named('</s>', [2]) }, ''],
  ['Qwen', byteLevel, ''],
  ['a Qwen file without the step', null, ''],
  ['a step that names a token it does not define', { type: 'TemplateProcessing', single: [token('<s>'), TEXT], special_tokens: {} }, ''],
  ['a step of another shape', { type: 'Sequence', processors: 3 }, ''],
])('a raw text of %s begins with its token', (_, post_processor, prefix) => expect(specialTokens({ post_processor }, null).textPrefix).toBe(prefix))

test('templates read tokens as texts, whichever way the file writes them', () => {
  expect(specialTokens({}, { bos_token: '<s>', eos_token: { content: '</s>', lstrip: false }, unk_token: null, pad_token: 3, add_bos_token: true }).templateVariables).toEqual({ bos_token: '<s>', eos_token: '</s>' })
  expect(specialTokens({}, undefined).templateVariables).toEqual({})
})
