// What a dump captured, in pieces small enough for a message between processes: of gigabytes in one, Node makes nothing or an error.
import type { GenerateResult } from '../engine'

type Captured = NonNullable<GenerateResult['captured']>

/** A stretch of one of the arrays. */
export interface CapturedPart {
  readonly array: 'logits' | number
  /** Of the whole array. */
  readonly length: number
  readonly offset: number
  readonly values: Float32Array
}

/** 32 MB, which takes a tenth of a second. */
const PART_VALUES = 2 ** 23

export function* capturedParts({ logits, residuals }: Captured, partValues = PART_VALUES): Generator<CapturedPart> {
  const arrays: readonly (readonly [CapturedPart['array'], Float32Array])[] = [
    ...(logits ? [['logits', logits] as const] : []),
    ...Object.entries(residuals).map(([layer, values]) => [Number(layer), values] as const),
  ]
  for (const [array, values] of arrays) {
    for (let offset = 0; offset < values.length; offset += partValues) yield { array, length: values.length, offset, values: values.subarray(offset, offset + partValues) }
  }
}

/** Puts parts together again, in whatever order they come. */
export function createCapturedParts(): { add(part: CapturedPart): void; finish(): Captured } {
  const arrays = new Map<CapturedPart['array'], Float32Array>()
  return {
    add({ array, length, offset, values }) {
      const whole = arrays.get(array) ?? new Float32Array(length)
      whole.set(values, offset)
      arrays.set(array, whole)
    },
    finish: () => ({ logits: arrays.get('logits') ?? null, residuals: Object.fromEntries([...arrays].filter(([array]) => array !== 'logits')) }),
  }
}
