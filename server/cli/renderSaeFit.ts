// Draws for people how much of the residuals the SAEs leave unexplained, layer by layer.
import type { LayerFit } from '../protocol/requests'
import { isPoorFit } from '../runs/saeFit'
import { bar, type Terminal } from './terminal'

const BAR_COLUMNS = 20

/** One line per layer, and a sentence when the set does not seem to belong to the model. */
export function renderSaeFit(fits: readonly LayerFit[], { color }: Pick<Terminal, 'color'>): string {
  const width = Math.max(...fits.map(({ layer }) => `L${layer}`.length))
  const lines = fits.map(({ layer, unexplained }) => `  ${`L${layer}`.padEnd(width)}  ${bar(Math.min(1, unexplained), BAR_COLUMNS)} ${(100 * unexplained).toFixed(1)} % unexplained`)
  const warning = isPoorFit(fits) ? [color.yellow('  the SAE set does not seem to belong to this model: most layers are left unexplained')] : []
  return [`${color.bold('Reconstruction')} ${color.dim(`‖x − x̂‖² / ‖x‖², mean over ${fits[0]?.tokens ?? 0} tokens that are no outliers`)}`, ...lines, ...warning, ''].join('\n')
}
