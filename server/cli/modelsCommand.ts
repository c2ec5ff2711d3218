// `promptscope models`: lists the models found, whether they fit this machine at each precision, and their SAE sets.
import { stat } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { findModels } from '../checkpoint/findModels'
import { thisMachine } from '../checkpoint/machine'
import { cachedRepositories } from '../checkpoint/modelCaches'
import { byteText } from '../formats/byteText'
import { costWords } from '../protocol/precisionWords'
import type { ModelListing, PrecisionFit, SaeListing } from '../protocol/requests'
import { createQuantisedStore } from '../worker/quantisedStore'
import type { CommandContext } from './commandContext'
import { demoFolders } from './installation'
import { readOptions } from './options'
import type { Terminal } from './terminal'
import { UsageError } from './usageError'

export async function runModelsCommand(args: readonly string[], { terminal }: CommandContext): Promise<void> {
  const options = readOptions(args, { folder: { type: 'string', multiple: true }, json: { type: 'boolean' } })
  if (options.positionals.length > 0) throw new UsageError(`models takes no ${options.positionals[0]}; name folders with --folder`)
  const named = (process.env.PROMPTSCOPE_MODELS ?? '').split(delimiter).filter((folder) => folder !== '')
  const folders = [...named, ...options.strings('folder')]
  for (const folder of folders) if (!(await isFolder(folder))) terminal.note(`promptscope: ${folder} is no folder, so nothing was looked for there`)
  const listings = await createQuantisedStore().listingsWithStored(await findModels({ demo: demoFolders().model, folders, caches: await cachedRepositories() }, await thisMachine()))
  if (options.has('json')) terminal.out(`${JSON.stringify(listings)}\n`)
  else terminal.out(listings.length === 0 ? 'No models were found. Name a folder that holds some with --folder.\n' : `${listings.map((listing) => renderListing(listing, terminal)).join('\n\n')}\n`)
}

function renderListing(listing: ModelListing, { color }: Terminal): string {
  const { name, path, architecture, layers, dModel, parameters, precisions, saeSets, problem } = listing
  const lines = [`${color.bold(name)}  ${color.dim(path)}`]
  const origin = originOf(listing)
  if (origin !== null) lines.push(color.dim(`  ${origin}`))
  if (problem !== null) return [...lines, `  ${color.yellow(problem)}`].join('\n')
  lines.push(`  ${architecture ?? 'unknown architecture'}, ${layers} layers, d_model ${dModel}, ${parametersInWords(parameters)}`)
  for (const fit of precisions) lines.push(renderFit(fit, color))
  const fitting = saeSets.filter(({ pairing }) => pairing === 'match' || pairing === 'transfer')
  const possible = saeSets.filter(({ pairing }) => pairing === 'unknown')
  const others = saeSets.filter(({ matches }) => !matches)
  if (saeSets.length === 0) lines.push(color.dim('  no SAE set found'))
  for (const sae of fitting) lines.push(`  SAE set ${sae.name}, ${sae.layout}, ${counted(sae.layers.length, 'layer')}  ${color.dim(sae.path)}`, `    ${renderPairing(sae, color)}`)
  if (possible.length > 0) lines.push(`  ${counted(possible.length, 'SAE set')} of its size that may not belong to it: ${color.dim(namesOf(possible))}`)
  if (others.length > 0) lines.push(color.dim(`  ${counted(others.length, 'SAE set')} of other models: ${namesOf(others)}`))
  return lines.join('\n')
}

/** A transfer says so in its note. */
function renderPairing({ pairing, note }: SaeListing, color: Terminal['color']): string {
  return pairing === 'match' ? `${color.green('made for this model')}, ${note}` : color.yellow(note)
}

/** Where it was found, when that is not just a folder. */
function originOf({ source, revision }: ModelListing): string | null {
  if (source === 'folder') return null
  const where = { demo: 'the demo model', huggingface: 'Hugging Face cache', modelscope: 'ModelScope cache' }[source]
  return revision === null ? where : `${where}, revision ${[...revision.refs, revision.commit.slice(0, 7)].join(', ')}`
}

function renderFit({ precision, bytesNeeded, diskBytes, stored, problem, gpu }: PrecisionFit, color: Terminal['color']): string {
  const line = `  ${precision.padEnd(5)}  ${byteText(bytesNeeded).padStart(8)}  `
  // That there is no GPU need not be said three times.
  const where = precision === 'exact' || gpu.fits ? [gpu.note] : []
  const file = diskBytes === 0 ? [] : [stored === null ? `the first use writes ${byteText(diskBytes)} to disk` : `${byteText(stored.bytes)} on disk`]
  const approximate = precision === 'q4' ? ['approximate for reading features'] : []
  const cost = stored?.cost ? [costWords(stored.cost)] : []
  const notes = color.dim(`; ${[...where, ...file, ...approximate, ...cost].join('; ')}`)
  return `${line}${problem === null ? color.green('fits') : color.yellow(problem)}${notes}`
}

/** Each once, and not more than a line holds. */
function namesOf(sets: readonly SaeListing[]): string {
  const names = [...new Set(sets.map(({ name }) => name))]
  return names.length <= MOST_NAMES ? names.join(', ') : `${names.slice(0, MOST_NAMES).join(', ')} and others`
}

const MOST_NAMES = 8

const isFolder = (path: string): Promise<boolean> => stat(path).then((found) => found.isDirectory(), () => false)

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const parametersInWords = (parameters: number): string => (parameters >= 1e9 ? `${(parameters / 1e9).toFixed(2)} B parameters` : `${(parameters / 1e6).toPrecision(3)} M parameters`)
