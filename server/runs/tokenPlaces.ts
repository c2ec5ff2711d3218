// Where each token of a run stands: in the run document, and in the prompt file when it came from there.
import type { PlacedToken } from '../protocol/requests'
import type { PreparedPrompt, RunTokenizer } from './preparePrompt'

/** A token's texts and places. */
export type TokenPlace = Pick<PlacedToken, 'text' | 'display' | 'range' | 'promptRange'>

export interface TokenPlaces {
  /** The place of the next token; the first ones are those of the prompt. */
  push(id: number): TokenPlace
  /** The completion so far. */
  completion(): string
  /** No token follows: the text of bytes that were left over at the end, as replacement characters, which belongs to the last token; else empty. */
  end(): string
}

/** Places tokens of a run of `prompt` in order: its own, which lie where it was cut, then those of the completion, whose texts follow it. */
export function openTokenPlaces(prompt: Pick<PreparedPrompt, 'tokens' | 'renderedText'>, tokenizer: Pick<RunTokenizer, 'createTextStream' | 'display'>): TokenPlaces {
  const stream = tokenizer.createTextStream()
  let index = 0
  let completion = ''
  return {
    push(id) {
      const prepared = prompt.tokens[index++]
      if (prepared) return { text: prepared.text, display: prepared.display, range: prepared.range, promptRange: prepared.promptRange }
      const start = prompt.renderedText.length + completion.length
      const text = stream.push(id)
      completion += text
      return { text, display: tokenizer.display(id), range: { start, end: start + text.length }, promptRange: null }
    },
    completion: () => completion,
    end() {
      const rest = stream.end()
      completion += rest
      return rest
    },
  }
}
