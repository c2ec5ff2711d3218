// Stands in for a model's tokenizer when token ids are given and the model has none: every token is called by its id.
import type { RunTokenizer } from '../runs/preparePrompt'

const name = (id: number): string => `⟨${id}⟩`

export const BARE_TOKENIZER: RunTokenizer = {
  encode: () => [],
  leastTokens: () => 0,
  idOf: () => null,
  display: name,
  pieces: (ids) => ids.map((id) => ({ text: name(id), display: name(id) })),
  createTextStream: () => ({ push: name, end: () => '' }),
}
