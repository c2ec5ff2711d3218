// `promptscope models`: lists the models found, whether they fit in memory, and their SAE sets.
import { delimiter } from 'node:path'
import { findModels } from '../checkpoint/findModels'
import { thisMachine } from '../checkpoint/machine'
import { cachedRepositories } from '../checkpoint/modelCaches'
import type { ModelListing } from '../protocol/requests'
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
  const listings = await findModels({ demo: demoFolders().model, folders, caches: await cachedRepositories() }, await thisMachine())
  if (options.has('json')) terminal.out(`${JSON.stringify(listings)}\n`)
  else terminal.out(listings.length === 0 ? 'No models were found. Name a folder that holds some with --folder.\n' : `${listings.map((listing) => renderListing(listing, terminal)).join('\n\n')}\n`)
}

function renderListing({ name, path, architecture, layers, dModel, parameters, bytesNeeded, fits, saeSets, problem }: ModelListing, { color }: Terminal): string {
  const lines = [`${color.bold(name)}  ${color.dim(path)}`]
  if (problem !== null) return [...lines, `  ${color.yellow(problem)}`].join('\n')
  const memory = `needs ${inUnits(bytesNeeded)} of memory, ${fits ? color.green('fits') : color.red('does not fit')}`
  lines.push(`  ${architecture ?? 'unknown architecture'}, ${layers} layers, d_model ${dModel}, ${(parameters / 1e6).toPrecision(3)} M parameters, ${memory}`)
  if (saeSets.length === 0) lines.push(color.dim('  no SAE set found'))
  for (const sae of saeSets) lines.push(`  SAE set ${sae.name}  ${color.dim(sae.path)}${sae.matches ? '' : color.yellow('  does not match')}${sae.note === '' ? '' : color.dim(`  ${sae.note}`)}`)
  return lines.join('\n')
}

function inUnits(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(0)} MB`
}
