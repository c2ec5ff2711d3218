// The backbones of Qwen-Scope and the SAE sets trained on each, for the list of what can be downloaded. Source: table 1 of the technical report (arXiv 2605.11887).

export interface Backbone {
  /** Repository on the hub. */
  readonly repository: string
  readonly about: string
  readonly layers: number
  readonly saeSets: readonly SaeRepository[]
}

export interface SaeRepository {
  readonly repository: string
  readonly features: number
  readonly k: number
  /** Of one layer's tensors. */
  readonly bytesPerLayer: number
}

export const BACKBONES: readonly Backbone[] = [
  backbone('Qwen3-1.7B-Base', 'dense', 28, 2048, [['W32K-L0_50', 32, 50], ['W32K-L0_100', 32, 100]]),
  backbone('Qwen3-8B-Base', 'dense', 36, 4096, [['W64K-L0_50', 64, 50], ['W64K-L0_100', 64, 100]]),
  backbone('Qwen3-30B-A3B-Base', 'mixture of experts', 48, 2048, [['W32K-L0_50', 32, 50], ['W128K-L0_100', 128, 100]]),
  backbone('Qwen3.5-2B-Base', 'dense', 24, 2048, [['W32K-L0_50', 32, 50], ['W32K-L0_100', 32, 100]]),
  backbone('Qwen3.5-9B-Base', 'dense', 32, 4096, [['W64K-L0_50', 64, 50], ['W64K-L0_100', 64, 100]]),
  backbone('Qwen3.5-27B', 'dense, post-trained', 64, 5120, [['W80K-L0_50', 80, 50], ['W80K-L0_100', 80, 100]]),
  backbone('Qwen3.5-35B-A3B-Base', 'mixture of experts', 40, 2048, [['W32K-L0_50', 32, 50], ['W128K-L0_100', 128, 100]]),
]

/** The width is in units of 1024 features; tensors are float32: W_enc and W_dec, b_enc, b_dec. */
function backbone(name: string, about: string, layers: number, dModel: number, sets: readonly (readonly [suffix: string, width: number, k: number])[]): Backbone {
  const saeSets = sets.map(([suffix, width, k]) => {
    const features = width * 1024
    return { repository: `Qwen/SAE-Res-${name}-${suffix}`, features, k, bytesPerLayer: 4 * (2 * features * dModel + features + dModel) }
  })
  return { repository: `Qwen/${name}`, about, layers, saeSets }
}
