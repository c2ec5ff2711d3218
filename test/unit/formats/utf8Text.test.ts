// Bytes that are no UTF-8 are named by their place; a byte order mark is no text.
import { expect, test } from 'vitest'
import { decodeUtf8 } from '../../../server/formats/utf8Text'

const refusal = (bytes: Uint8Array): string => {
  try {
    return `read as ${decodeUtf8(bytes, 'file')}`
  } catch (error) {
    return (error as Error).message
  }
}
const text = (start: string, ...bytes: number[]): Uint8Array => Buffer.concat([Buffer.from(start), Buffer.from(bytes)])

test('reads UTF-8 and leaves out the mark', () => {
  expect(decodeUtf8(text('\ufeffnaïve 你好 🙂'), 'file')).toBe('naïve 你好 🙂')
  expect(decodeUtf8(text('an honest \ufffd'), 'file')).toBe('an honest \ufffd')
  expect(decodeUtf8(new Uint8Array(), 'file')).toBe('')
})

test.each([
  ['a stray byte', text('caf', 0xe9, 0x20), 'file is not UTF-8 (byte 3 is e9)'],
  ['behind a mark and wide characters', text('\ufeff你', 0xff, 0x41), 'file is not UTF-8 (byte 6 is ff)'],
  ['a character cut off at the end', text('你', 0xe5, 0xa5), 'file is not UTF-8 (byte 3 is e5)'],
  ['a character cut off in the middle', text('ab', 0xf0, 0x9f, 0x41), 'file is not UTF-8 (byte 2 is f0)'],
  ['UTF-16 with a mark', Buffer.from('\ufeffHi', 'utf16le'), 'file is UTF-16'],
  ['UTF-16 without', Buffer.from('Hi', 'utf16le'), 'file is not text (byte 1 is 00)'],
])('%s', (_name, bytes, message) => expect(refusal(bytes)).toBe(message))
