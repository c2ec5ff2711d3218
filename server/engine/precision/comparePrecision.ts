// Compares what a model computes at some precision with what it computes at `exact`, over the same tokens.
import type { FeatureAgreement, Precision, PrecisionCost } from '../../protocol/values'

/** What one model made of a text. */
export interface PrecisionReading {
  /** By layer, (T, d_model) of resid_post. */
  readonly residuals: readonly Float32Array[]
  /** By layer that was read: the top features of each token, highest first. */
  readonly features: ReadonlyMap<number, readonly (readonly number[])[]>
  /** The likeliest token at each position; null at the first. */
  readonly likeliest: readonly (number | null)[]
}

/**
 * Position 0 is left out of the means: its residual is far longer than the others and would hide them. `sae` is the path of the set that the
 * features are of.
 */
export function comparePrecision(precision: Precision, exact: PrecisionReading, measured: PrecisionReading, sae: string | null): PrecisionCost {
  const tokens = exact.likeliest.length
  return {
    precision,
    tokens,
    residualError: exact.residuals.map((residual, layer) => meanError(residual, measured.residuals[layer]!, tokens)),
    features: Array.from(exact.features, ([layer, tops]): FeatureAgreement => ({ layer, kept: meanKept(tops, measured.features.get(layer)!) })),
    sae,
    sameToken: mean(exact.likeliest.flatMap((id, i) => (id === null ? [] : [id === measured.likeliest[i] ? 1 : 0]))),
  }
}

/** ‖h_q − h‖ / ‖h‖ of each row but the first. */
function meanError(exact: Float32Array, measured: Float32Array, tokens: number): number {
  const width = exact.length / tokens
  const errors: number[] = []
  for (let token = 1; token < tokens; token++) {
    let difference = 0
    let total = 0
    for (let i = token * width; i < (token + 1) * width; i++) {
      difference += (measured[i]! - exact[i]!) ** 2
      total += exact[i]! ** 2
    }
    errors.push(Math.sqrt(difference / total))
  }
  return mean(errors)
}

/** Share of each token's top features that are there still, of tokens but the first on which any fires. */
function meanKept(exact: readonly (readonly number[])[], measured: readonly (readonly number[])[]): number {
  return mean(exact.slice(1).flatMap((top, i) => {
    const there = new Set(measured[i + 1])
    return top.length === 0 ? [] : [top.filter((feature) => there.has(feature)).length / top.length]
  }))
}

/** 1 of nothing: where nothing can differ, nothing does. Residuals have at least two rows. */
const mean = (values: readonly number[]): number => (values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length)
