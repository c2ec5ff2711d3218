// Collects residuals and logits whole, chunk by chunk, for dumps.
import type { GenerateRequest, GenerateResult } from './engine'
import type { ForwardResult } from './forward'

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
      logits: wanted.logits ? joined(logits) : null,
      residuals: Object.fromEntries([...residuals].map(([layer, chunks]) => [layer, joined(chunks)])),
    }),
  }
}

function joined(chunks: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    result.set(chunk, at)
    at += chunk.length
  }
  return result
}
