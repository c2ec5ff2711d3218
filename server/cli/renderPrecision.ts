// Draws for people what a precision costs, layer by layer.
import { inPercent, precisionLabel } from '../protocol/precisionWords'
import type { PrecisionCost } from '../protocol/values'
import { bar, type Terminal } from './terminal'

const BAR_COLUMNS = 20

/** One line per layer: how far its residual is off, and of layers whose features were compared the share of the top ones that is kept. */
export function renderPrecision({ precision, tokens, residualError, features, sae, sameToken }: PrecisionCost, { color }: Pick<Terminal, 'color'>): string {
  const kept = new Map(features.map((layer) => [layer.layer, layer.kept]))
  const most = Math.max(...residualError)
  const width = `L${residualError.length - 1}`.length
  const lines = residualError.map((error, layer) => {
    const share = kept.get(layer)
    const tail = share === undefined ? '' : `   keeps ${inPercent(share)} of the top features`
    return `  ${`L${layer}`.padEnd(width)}  ${bar(most > 0 ? error / most : 0, BAR_COLUMNS)} ${inPercent(error).padStart(7)} off${tail}`
  })
  return [
    `${color.bold(`What ${precisionLabel(precision)} costs against exact`)} ${color.dim(`resid_post, ‖h − exact‖ / ‖exact‖, mean over ${tokens - 1} tokens`)}`,
    ...lines,
    `  the likeliest next token is the same on ${inPercent(sameToken)} of ${tokens - 1} tokens`,
    ...(sae === null ? [color.dim('  without an SAE set: no features were compared')] : [color.dim(`  features of ${sae}`)]),
    '',
  ].join('\n')
}
