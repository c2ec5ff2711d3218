// Which tokens are outliers: their residual is so much longer than the others' that the SAEs, not trained on such, say little about them.

/** A token whose residual is this many times longer than the run's median is an outlier. */
const OUTLIER_NORM_RATIO = 10

/** Whether each token is one by a layer's norms of resid_post, (position). What is an outlier at any layer is an outlier. */
export function outliersAt(norms: readonly number[]): boolean[] {
  const sorted = Float64Array.from(norms).sort()
  const limit = OUTLIER_NORM_RATIO * (sorted[sorted.length >> 1] ?? 0)
  return norms.map((norm) => norm > limit)
}
