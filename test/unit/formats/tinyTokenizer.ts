// A tokenizer.json small enough to reason about: the 256 bytes, a few merges, Qwen's splitting and chat tokens.
import { byteString } from '../../../server/formats/byteAlphabet'

const SPLIT = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/** Bytes are ids 0..255, merge i is id 256 + i, then come the added tokens. Merges are given as pairs of texts. */
export function tinyTokenizerJson(merges: readonly (readonly [string, string])[] = []): { model: { type: string; vocab: Record<string, number>; merges: string[] }; added_tokens: { id: number; content: string }[]; [field: string]: unknown } {
  const spelled = (text: string): string => byteString(new TextEncoder().encode(text))
  const vocab: Record<string, number> = {}
  for (let byte = 0; byte < 256; byte++) vocab[byteString(Uint8Array.of(byte))] = byte
  merges.forEach(([left, right], index) => (vocab[spelled(left) + spelled(right)] = 256 + index))
  const added = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<think>'].map((content, index) => ({
    id: 256 + merges.length + index, content, special: content !== '<think>', normalized: false, lstrip: false, rstrip: false, single_word: false,
  }))
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: { type: 'NFC' },
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Isolated', invert: false }, { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false }] },
    post_processor: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: { type: 'BPE', vocab, merges: merges.map(([left, right]) => `${spelled(left)} ${spelled(right)}`) },
  }
}
