// A dump in pieces is the dump again once they are put together.
import { expect, it } from 'vitest'
import { capturedParts, createCapturedParts } from '../../../server/engine/process/capturedParts'

const captured = { logits: Float32Array.from({ length: 10 }, (_, i) => i), residuals: { 2: Float32Array.of(1, 2, 3), 14: Float32Array.of(4) } }

it.each([1, 3, 4, 100])('in pieces of %i numbers, in whatever order', (partValues) => {
  const parts = [...capturedParts(captured, partValues)]
  expect(parts.every(({ values }) => values.length <= partValues)).toBe(true)
  const whole = createCapturedParts()
  parts.reverse().forEach((part) => whole.add({ ...part, values: part.values.slice() }))
  expect(whole.finish()).toEqual(captured)
})

it('without logits', () => {
  const whole = createCapturedParts()
  for (const part of capturedParts({ logits: null, residuals: {} })) whole.add(part)
  expect(whole.finish()).toEqual({ logits: null, residuals: {} })
})
