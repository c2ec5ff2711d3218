// The tokenizer of a folder that has vocab.json and merges.txt in place of tokenizer.json: the same definition, put together from them.
import { InputError } from '../protocol/errors'
import { quoteValue } from './quote'

/** How text is split before merging. Source: tokenization_qwen2.py and tokenization_qwen3_5.py of transformers. */
const QWEN2_SPLIT = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
const QWEN35_SPLIT = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/** By the model_type of config.json; the two files do not say it. */
const SPLITS: Readonly<Record<string, string>> = {
  qwen2: QWEN2_SPLIT,
  qwen3: QWEN2_SPLIT,
  qwen3_moe: QWEN2_SPLIT,
  qwen3_5: QWEN35_SPLIT,
  qwen3_5_text: QWEN35_SPLIT,
  qwen3_5_moe: QWEN35_SPLIT,
  qwen3_5_moe_text: QWEN35_SPLIT,
}

/** A tokenizer.json object; added tokens come from tokenizer_config.json. Throws InputError, which begins with `folder`, for models whose splitting is not known. */
export function tokenizerFromVocabulary(vocab: unknown, merges: string, modelType: unknown, folder: string): object {
  const split = typeof modelType === 'string' && Object.hasOwn(SPLITS, modelType) ? SPLITS[modelType] : undefined
  if (split === undefined) {
    throw new InputError(`${folder} has no tokenizer.json, and vocab.json and merges.txt do not say how a model of the type ${quoteValue(modelType)} splits text`, 'save the tokenizer again with a version of transformers that writes tokenizer.json')
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false }
  return {
    added_tokens: [],
    normalizer: { type: 'NFC' },
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: split }, behavior: 'Isolated', invert: false }, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab, merges: mergeLines(merges) },
  }
}

/** A first line `#version: 0.2` is no merge; other lines may begin with `#`. */
function mergeLines(text: string): string[] {
  const lines = text.split(/\r?\n/)
  return (lines[0]!.startsWith('#version') ? lines.slice(1) : lines).filter((line) => line !== '')
}
