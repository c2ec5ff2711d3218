// What a model that was found is said to be: in a list's line, and in the notes below it.
import type { ModelListing, PrecisionFit, SaeListing } from '../server/protocol/requests'
import { byteText, parameterText } from './wording'

/** Whether a set was made for the model or for its base or post-trained version, not merely for one of its size. */
export const belongs = ({ pairing }: SaeListing): boolean => pairing === 'match' || pairing === 'transfer'

/** The most precise that fits this machine; undefined when none does. */
export const fittingPrecision = ({ precisions }: ModelListing): PrecisionFit | undefined => precisions.find(({ fits }) => fits)

/** `qwen3 · 1.7 B parameters · fits at q8 with 2.9 GB`. */
export function listingText(listing: ModelListing): string {
  const { architecture, parameters, problem, precisions } = listing
  if (problem !== null) return architecture === null ? 'not supported' : `${architecture} · cannot be used`
  const fit = fittingPrecision(listing)
  const smallest = precisions.at(-1)
  const memory = fit ? [`fits at ${fit.precision} with ${byteText(fit.bytesNeeded)}`] : smallest ? [`does not fit: ${smallest.precision} needs ${byteText(smallest.bytesNeeded)}`] : []
  return [architecture ?? 'unknown architecture', parameterText(parameters), ...memory].join(' · ')
}

/** Where it was found, why memory will not do, its SAE sets, and whether a GPU would; or what is wrong with it. */
export function listingNotes({ source, revision, precisions, saeSets, problem }: ModelListing): string[] {
  const where = { demo: 'the demo model', huggingface: 'Hugging Face cache', modelscope: 'ModelScope cache', folder: '' }[source]
  const origin = revision === null ? where : `${where}, revision ${revision.refs[0] ?? revision.commit.slice(0, 7)}`
  const [exact] = precisions
  const notes = problem !== null ? [problem] : [...(exact?.problem ? [`exact ${exact.problem}`] : []), ...saeNotes(saeSets), ...(exact && exact.problem === null ? [`GPU: ${exact.gpu.note}`] : [])]
  return [...(origin === '' ? [] : [origin]), ...notes]
}

function saeNotes(saeSets: ModelListing['saeSets']): string[] {
  const fitting = saeSets.filter(({ matches }) => matches)
  return fitting.length === 0 ? ['no SAE set: features are not read'] : fitting.map(({ name, note }) => `SAE set ${name}: ${note}`)
}
