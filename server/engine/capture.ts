// Collects residuals and logits whole, chunk by chunk, for dumps.
import type { GenerateRequest, GenerateResult } from './engine'
import type { ForwardResult } from './forward'
import { joinedArrays } from './joinedArrays'

export interface Capture {
  readonly wantsLogits: boolean
  add(chunk: ForwardResult): void
  finish(): NonNullable<GenerateResult['captured']>
}

export function createCapture(wanted: NonNullable<GenerateRequest['capture']>): Capture {
  const logits: Float32Array[] = []
  const residuals = new Map<number, Float32Array[]>(wanted.residualLayers.map((layer) => [layer, []]))
  return {
    wantsLogits: wanted.logits,
    add(chunk) {
      if (wanted.logits) logits.push(chunk.head!.logits!)
      for (const [layer, chunks] of residuals) chunks.push(chunk.captured.get(layer)!)
    },
    finish: () => ({
      logits: wanted.logits ? joinedArrays(logits) : null,
      residuals: Object.fromEntries([...residuals].map(([layer, chunks]) => [layer, joinedArrays(chunks)])),
    }),
  }
}
