// Writes a tokenizer.json of Qwen's kind and size for a model of random weights, so that the worker can be started on it: made-up words of Latin letters, each merged from a shorter one.
import { writeFileSync } from 'node:fs'
import { byteString } from '../../server/formats/byteAlphabet'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** Qwen2's pattern; digits stand alone, and no word has one, so a digit is a token. */
const SPLIT = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/** Ids 0..255 are the bytes. */
export function writeTokenizer(path: string, vocabSize: number): void {
  const vocab: Record<string, number> = {}
  const merges: string[] = []
  for (let byte = 0; byte < 256; byte++) vocab[byteString(Uint8Array.of(byte))] = byte
  let id = 256
  for (let shorter = [...LETTERS]; id < vocabSize; shorter = shorter.flatMap((word) => [...LETTERS].map((letter) => word + letter))) {
    for (const word of shorter) {
      for (const letter of LETTERS) {
        if (id >= vocabSize) break
        vocab[word + letter] = id++
        merges.push(`${word} ${letter}`)
      }
    }
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false }
  const split = { type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Isolated', invert: false }
  const json = {
    version: '1.0', added_tokens: [], normalizer: { type: 'NFC' }, pre_tokenizer: { type: 'Sequence', pretokenizers: [split, byteLevel] },
    post_processor: byteLevel, decoder: byteLevel, model: { type: 'BPE', vocab, merges },
  }
  writeFileSync(path, JSON.stringify(json))
}
