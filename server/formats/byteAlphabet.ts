// The byte-level BPE alphabet: each byte's stand-in character in tokenizer.json, and back.
// Definition: bytes_to_unicode in https://github.com/openai/gpt-2/blob/master/src/encoder.py

const PRINTABLE: readonly (readonly [first: number, last: number])[] = [[0x21, 0x7e], [0xa1, 0xac], [0xae, 0xff]]

/** Printable Latin-1 bytes stand for themselves; the others are numbered from U+0100 on. */
const CHARACTERS: readonly string[] = (() => {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(PRINTABLE.some(([first, last]) => byte >= first && byte <= last) ? byte : next++))
})()

const BYTES: ReadonlyMap<string, number> = new Map(CHARACTERS.map((character, byte) => [character, byte]))

/** The token string that stands for these bytes. */
export function byteString(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => CHARACTERS[byte]).join('')
}

/** The bytes that a token string stands for; characters outside the alphabet stand for their own UTF-8 bytes. */
export function stringBytes(token: string): Uint8Array {
  const bytes: number[] = []
  for (const character of token) {
    const byte = BYTES.get(character)
    if (byte === undefined) bytes.push(...new TextEncoder().encode(character))
    else bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}
