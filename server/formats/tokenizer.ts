// A BPE tokenizer from tokenizer.json: text to ids with exact places in the text, ids to bytes, text and display.
// The splitting and merging is @huggingface/tokenizers'; offsets, bytes and added tokens are put around it here.
import { Tokenizer as Bpe } from '@huggingface/tokenizers'
import { InputError } from '../protocol/errors'
import type { TextRange } from '../protocol/values'
import { alignBytes } from './byteAlignment'
import { quote } from './quote'
import { bytesDisplay, bytesText, createTextStream, type TextStream } from './tokenText'
import { readTokenizerJson, type AddedToken } from './tokenizerJson'

/** A token of an encoded text; the range is in UTF-16 units of that text. */
export interface EncodedToken extends TextRange {
  readonly id: number
}

/** One token of a sequence as text. */
export interface TokenPiece {
  /** What this token completes; all pieces together are the decoded text. Empty when the token ends inside a character. */
  readonly text: string
  /** The token's own bytes as text, `⟨e4⟩` where they are not whole characters. */
  readonly display: string
}

export interface Tokenizer {
  /** All ids are below this; a model's embedding may have more rows. */
  readonly vocabSize: number
  /** Ids of the tokens that tokenizer.json calls special, such as `<|im_end|>`. */
  readonly specialIds: ReadonlySet<number>
  /**
   * Tokens in order; their ranges do not overlap and cover the text, as it was written before any normalisation. A token
   * that ends inside a character has end = start = that character's start; the token that completes it spans it whole.
   * Added tokens are recognised in the text.
   */
  encode(text: string): EncodedToken[]
  /** So many tokens it takes at least: quick where `encode` of a huge text would take minutes. */
  leastTokens(text: string): number
  /** The text of all ids, special tokens included; bytes that are no UTF-8 become `\ufffd`. */
  decode(ids: readonly number[]): string
  /** Empty for an id that no token has. */
  tokenBytes(id: number): Uint8Array
  display(id: number): string
  pieces(ids: readonly number[]): TokenPiece[]
  createTextStream(): TextStream
  /** The token that is exactly this text, or null. */
  idOf(text: string): number | null
}

/**
 * Builds a tokenizer from the parsed tokenizer.json and, when there is one, tokenizer_config.json (which may name more
 * added tokens). Throws InputError, which begins with `fileName`, when they do not describe a BPE of bytes or of SentencePiece.
 */
export function createTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown, fileName = 'tokenizer.json'): Tokenizer {
  const { definition, addedTokens, spelling } = readTokenizerJson(tokenizerJson, tokenizerConfig, fileName)
  const bpe = buildBpe(definition, fileName)
  const addedById = new Map(addedTokens.map((token) => [token.id, token]))
  const split = addedTokenSplitter(addedTokens)
  const normalise = (text: string): string => bpe.normalizer?.(text) ?? text
  const bytesById = new Map<number, Uint8Array>()
  let longestToken = 0

  /** In bytes, or more. */
  function longestTokenLength(): number {
    if (longestToken > 0) return longestToken
    for (const token of bpe.model!.vocab) longestToken = Math.max(longestToken, spelling.mostBytes(token?.length ?? 0))
    for (const { content } of addedTokens) longestToken = Math.max(longestToken, new TextEncoder().encode(content).length)
    return longestToken
  }

  function tokenBytes(id: number): Uint8Array {
    let bytes = bytesById.get(id)
    if (!bytes) {
      const added = addedById.get(id)
      bytes = added ? new TextEncoder().encode(added.content) : spelling.bytes(bpe.id_to_token(id) ?? '')
      bytesById.set(id, bytes)
    }
    return bytes
  }

  function display(id: number): string {
    return addedById.get(id)?.content ?? (bpe.id_to_token(id) === undefined ? `⟨no token ${id}⟩` : bytesDisplay(tokenBytes(id)))
  }

  /** Encodes a stretch without added tokens that starts at `start` of the whole text. */
  function encodePlain(text: string, start: number): EncodedToken[] {
    const spelled = (part: string): string => spelling.spelled(normalise(part))
    const alignment = alignBytes(text, spelled(text), spelled)
    const fed = spelling.feed(text, start)
    let bytes = -fed.addedBytes
    let offset = start
    const tokens = bpe.encode(fed.text, { add_special_tokens: false }).ids.map((id) => {
      bytes += tokenBytes(id).length
      const token = { id, start: offset, end: start + alignment.offsetAfter(bytes) }
      offset = token.end
      return token
    })
    if (bytes !== alignment.byteCount) throw new InputError(`${fileName} has no tokens for part of the text ${quote(text, 40)}`, 'use the tokenizer.json that came with the model')
    return tokens
  }

  return {
    vocabSize: bpe.model!.vocab.length,
    specialIds: new Set(addedTokens.filter(({ special }) => special).map(({ id }) => id)),
    encode: (text) => split(text).flatMap(({ content, start, token }) => (token ? [{ id: token.id, start, end: start + content.length }] : encodePlain(content, start))),
    leastTokens: (text) => Math.ceil(new TextEncoder().encode(normalise(text)).length / longestTokenLength()),
    decode: (ids) => bytesText(joined(ids.map(tokenBytes))),
    tokenBytes,
    display,
    pieces: (ids) => {
      const stream = createTextStream(tokenBytes)
      const texts = ids.map((id) => stream.push(id))
      if (texts.length) texts[texts.length - 1] += stream.end()
      return ids.map((id, index) => ({ text: texts[index]!, display: display(id) }))
    },
    createTextStream: () => createTextStream(tokenBytes),
    idOf: (text) => addedTokens.find(({ content }) => content === text)?.id ?? spelling.tokensOf(text).map((token) => bpe.token_to_id(token)).find((id) => id !== undefined) ?? null,
  }
}

function buildBpe(definition: object, fileName: string): Bpe {
  try {
    return new Bpe(definition, {})
  } catch (error) {
    throw new InputError(`${fileName} cannot be used (${(error as Error).message})`, 'use the tokenizer.json that came with the model')
  }
}

interface Stretch {
  readonly content: string
  readonly start: number
  readonly token: AddedToken | null
}

/** Cuts a text at its added tokens, the leftmost first and of those the longest. */
function addedTokenSplitter(addedTokens: readonly AddedToken[]): (text: string) => Stretch[] {
  const byContent = new Map(addedTokens.map((token) => [token.content, token]))
  const contents = [...byContent.keys()].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|') || '(?!)', 'g')
  return (text) => {
    const stretches: Stretch[] = []
    let start = 0
    const plainUntil = (end: number): void => {
      if (end > start) stretches.push({ content: text.slice(start, end), start, token: null })
    }
    for (const match of text.matchAll(pattern)) {
      plainUntil(match.index)
      stretches.push({ content: match[0], start: match.index, token: byContent.get(match[0])! })
      start = match.index + match[0].length
    }
    plainUntil(text.length)
    return stretches
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}
