// Turns token bytes into text: streamed, piece by piece, or for display with the bytes that are no whole character shown as such.

/** Decodes tokens one after the other; what is pushed and what ends it, put together, is the whole text. */
export interface TextStream {
  /** The text that this token completes: empty when it ends inside a character. */
  push(id: number): string
  /** What is left: `\ufffd` for a character that was never completed, else empty. */
  end(): string
}

/** Starts a stream over the bytes that `tokenBytes` knows for each id. */
export function createTextStream(tokenBytes: (id: number) => Uint8Array): TextStream {
  const decoder = utf8Decoder()
  return {
    push: (id) => decoder.decode(tokenBytes(id), { stream: true }),
    end: () => decoder.decode(),
  }
}

/** Bytes as text, invalid ones as `\ufffd`. */
export function bytesText(bytes: Uint8Array): string {
  return utf8Decoder().decode(bytes)
}

/** Bytes as text, those that belong to no whole character as `⟨e4⟩`, several as `⟨e4 bd⟩`. */
export function bytesDisplay(bytes: Uint8Array): string {
  let text = ''
  let loose: string[] = []
  const flush = (): void => {
    if (loose.length) text += `⟨${loose.join(' ')}⟩`
    loose = []
  }
  for (let at = 0; at < bytes.length; ) {
    const character = characterAt(bytes, at)
    if (character === null) loose.push(bytes[at++]!.toString(16).padStart(2, '0'))
    else {
      flush()
      text += character.text
      at += character.length
    }
  }
  flush()
  return text
}

/** The whole character that begins at this byte, or null. */
function characterAt(bytes: Uint8Array, at: number): { text: string; length: number } | null {
  const first = bytes[at]!
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length))
    return [...text].length === 1 ? { text, length } : null
  } catch {
    return null
  }
}

/** A byte order mark is text like any other here. */
function utf8Decoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder('utf-8', { ignoreBOM: true })
}
