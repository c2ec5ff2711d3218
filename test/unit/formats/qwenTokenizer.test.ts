// Qwen's own tokens: an excerpt of the published vocabulary must give the published ids, and places that lead back to the text.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTokenizer } from '../../../server/formats/tokenizer'
import { tinyTokenizerJson } from './tinyTokenizer'

interface Excerpt {
  readonly vocab: Readonly<Record<string, number>>
  readonly merges: readonly string[]
  readonly cases: readonly { readonly text: string; readonly ids: readonly number[] }[]
}

const { vocab, merges, cases } = JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/tokenizer/qwen3Excerpt.json'), 'utf8')) as Excerpt
const tokenizer = createTokenizer({ ...tinyTokenizerJson(), model: { type: 'BPE', vocab, merges }, added_tokens: [] }, null)

test.each(cases)('$text', ({ text, ids }) => {
  const tokens = tokenizer.encode(text)
  expect(tokens.map(({ id }) => id)).toEqual(ids)
  expect(tokenizer.decode(ids)).toBe(text)
  // A token of whole characters stands where it says.
  for (const { id, start, end } of tokens) if (!tokenizer.display(id).includes('⟨')) expect(text.slice(start, end)).toBe(tokenizer.display(id))
  expect(tokens.at(-1)!.end).toBe(text.length)
})
