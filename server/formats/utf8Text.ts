// Bytes as UTF-8 text, or the sentence that says where they are none.
import { InputError } from '../protocol/errors'

const REMEDY = 'save it as UTF-8'

/** The text without a byte order mark. Throws InputError, which begins with `subject`, at the first byte (0-based) that is no UTF-8 text. */
export function decodeUtf8(bytes: Uint8Array, subject: string): string {
  if (hasPrefix(bytes, 0xff, 0xfe) || hasPrefix(bytes, 0xfe, 0xff)) throw new InputError(`${subject} is UTF-16`, REMEDY)
  // No text holds a zero; UTF-16 without a mark and binary files do.
  const zero = bytes.indexOf(0)
  if (zero >= 0) throw new InputError(`${subject} is not text (byte ${zero} is 00)`, REMEDY)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const wrong = firstWrongByte(bytes)
    throw new InputError(`${subject} is not UTF-8 (byte ${wrong} is ${bytes[wrong]!.toString(16).padStart(2, '0')})`, REMEDY)
  }
}

function hasPrefix(bytes: Uint8Array, first: number, second: number): boolean {
  return bytes[0] === first && bytes[1] === second
}

/** Where the first character that is damaged or cut off begins. */
function firstWrongByte(bytes: Uint8Array): number {
  // The longest stretch without a damaged character, by halves.
  let good = 0
  let bad = bytes.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isGoodSoFar(bytes.subarray(0, middle))) good = middle
    else bad = middle
  }
  const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, good), { stream: true })
  return new TextEncoder().encode(whole).length
}

/** True also when the last character is not yet complete. */
function isGoodSoFar(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}
