// How a vocabulary writes its tokens: a character for every byte (GPT-2, Qwen, Llama 3), or text with ▁ for blanks (SentencePiece: Llama 2, Mistral).
import { byteString, stringBytes } from './byteAlphabet'

export interface TokenSpelling {
  /** The bytes that a token of the vocabulary stands for. */
  bytes(token: string): Uint8Array
  /** How the vocabulary may write a token of exactly this text, the likeliest first. */
  tokensOf(text: string): readonly string[]
  /** No token of so many UTF-16 units has more bytes. */
  mostBytes(units: number): number
  /** The bytes of a stretch's tokens, as text; without what `feed` puts before it. */
  spelled(text: string): string
  /** What is cut into tokens for a stretch that starts at `start` of the whole text, and how many bytes were put before it. */
  feed(text: string, start: number): { readonly text: string; readonly addedBytes: number }
}

export const BYTE_LEVEL: TokenSpelling = {
  bytes: stringBytes,
  tokensOf: (text) => [byteString(new TextEncoder().encode(text))],
  mostBytes: (units) => units,
  spelled: (text) => text,
  feed: (text) => ({ text, addedBytes: 0 }),
}

/** Where a blank is put before a stretch of text: everywhere, everywhere unless it begins with one, only at the text's start, nowhere. */
export type BlankBefore = 'always' | 'unless there' | 'first' | 'never'

const BLANK = '▁'
const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/

/** Characters that the vocabulary lacks are written as byte tokens, `<0x0A>`. Source: the normalisers and Metaspace of the tokenizers library. */
export function sentencePieceSpelling(blankBefore: BlankBefore): TokenSpelling {
  const needsBlank = (text: string, start: number): boolean => {
    if (text === '' || blankBefore === 'never') return false
    return blankBefore === 'always' || (!/^[ ▁]/.test(text) && (blankBefore === 'unless there' || start === 0))
  }
  return {
    bytes(token) {
      const byte = BYTE_TOKEN.exec(token)
      return byte ? Uint8Array.of(parseInt(byte[1]!, 16)) : new TextEncoder().encode(token.replaceAll(BLANK, ' '))
    },
    tokensOf(text) {
      const bytes = new TextEncoder().encode(text)
      const written = text.replaceAll(' ', BLANK)
      return bytes.length === 1 ? [written, `<0x${bytes[0]!.toString(16).toUpperCase().padStart(2, '0')}>`] : [written]
    },
    mostBytes: (units) => 3 * units,
    spelled: (text) => text.replaceAll(BLANK, ' '),
    feed(text, start) {
      const before = needsBlank(text, start) ? BLANK : ''
      return { text: before + text.replaceAll(' ', BLANK), addedBytes: before.length }
    },
  }
}
