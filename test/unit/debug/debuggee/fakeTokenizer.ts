// A tokenizer of a few words for tests of the debugger: longest match, with two tokens that are halves of one character.
import { bytesDisplay, createTextStream } from '../../../../server/formats/tokenText'
import type { RunTokenizer } from '../../../../server/runs/preparePrompt'

const WORDS = [
  '<|end|>', '?', '.', '!', '\n', ',', 'The', ' cat', ' dog', ' bird', ' sat', ' ran', ' on', ' under', ' the', ' a', ' mat', ' roof', ' and', ' then', ' it', ' was', ' red',
  ' blue', ' very', ' old', ' I', ' am', ' not', ' here', ' river', ' bank', ' money', ' tree', ' 7', ' 42', ' é', 'a', 'b', ' ',
]
const text = (word: string): Uint8Array => new TextEncoder().encode(word)

/** By id. The last two together are `é`. */
const BYTES: readonly Uint8Array[] = [...WORDS.map(text), Uint8Array.of(0xc3), Uint8Array.of(0xa9)]

export const FAKE_VOCABULARY = BYTES.length
export const FAKE_STOP_ID = 0

/** A character that no word has is read as `?`. */
export function fakeTokenizer(): RunTokenizer {
  const byLength = WORDS.map((word, id) => ({ word, id })).sort((a, b) => b.word.length - a.word.length)
  const bytesOf = (id: number): Uint8Array => BYTES[id] ?? new Uint8Array()
  const encode: RunTokenizer['encode'] = (whole) => {
    const tokens: ReturnType<RunTokenizer['encode']> = []
    for (let start = 0; start < whole.length; ) {
      const { word, id } = byLength.find(({ word }) => whole.startsWith(word, start)) ?? { word: '?', id: 1 }
      tokens.push({ id, start, end: (start += word.length) })
    }
    return tokens
  }
  return {
    encode,
    leastTokens: (whole) => Math.ceil(whole.length / 8),
    display: (id) => bytesDisplay(bytesOf(id)),
    pieces(ids) {
      const stream = createTextStream(bytesOf)
      const texts = ids.map((id) => stream.push(id))
      if (texts.length > 0) texts[texts.length - 1] += stream.end()
      return ids.map((id, index) => ({ text: texts[index]!, display: bytesDisplay(bytesOf(id)) }))
    },
    createTextStream: () => createTextStream(bytesOf),
    idOf: (wanted) => (WORDS.includes(wanted) ? WORDS.indexOf(wanted) : null),
  }
}
