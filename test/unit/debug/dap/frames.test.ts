// The framing of the debug adapter protocol: whole messages in any pieces, and what happens to broken ones.
import { expect, it } from 'vitest'
import { createFrameReader, encodeFrame } from '../../../../server/debug/dap/frames'

const MESSAGES = [{ seq: 1, text: 'Grüße 🌊' }, { seq: 2 }, { seq: 3, text: 'x'.repeat(5000) }]

it.each([1, 2, 7, 64, 100_000])('reads messages that come in pieces of %i bytes', (size) => {
  const bytes = Buffer.concat(MESSAGES.map(encodeFrame))
  expect(read(...pieces(bytes, size))).toEqual({ messages: MESSAGES, problems: 0 })
})

it.each([
  ['a header without a length', 'Content-Type: x\r\n\r\n'],
  ['a length that is no number', 'Content-Length: ten\r\n\r\n'],
  ['a negative length', 'Content-Length: -5\r\n\r\n'],
  ['a length that nobody sends', 'Content-Length: 999999999\r\n\r\n'],
  ['a body that is not JSON', 'Content-Length: 3\r\n\r\n{a}'],
  ['a body that ends early', 'Content-Length: 0\r\n\r\n'],
  ['bytes without any header', 'z'.repeat(20_000)],
])('skips %s, and reads what follows', (_what, broken) => {
  const { messages, problems } = read(Buffer.from(broken), encodeFrame(MESSAGES[0]), encodeFrame(MESSAGES[1]))
  expect(messages).toEqual(MESSAGES.slice(0, 2))
  expect(problems).toBe(1)
})

it('reads a message behind text that somebody printed', () => {
  expect(read(Buffer.from('warning: something\n'), encodeFrame(MESSAGES[1])).messages).toEqual([MESSAGES[1]])
})

it('takes further header fields, in any order and case', () => {
  const body = JSON.stringify(MESSAGES[1])
  expect(read(Buffer.from(`content-type: application/json\r\ncontent-length:${body.length}\r\n\r\n${body}`)).messages).toEqual([MESSAGES[1]])
})

function read(...chunks: readonly Uint8Array[]): { messages: unknown[]; problems: number } {
  const messages: unknown[] = []
  let problems = 0
  const reader = createFrameReader((message) => messages.push(message), () => problems++)
  for (const chunk of chunks) reader.push(chunk)
  return { messages, problems }
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}
