// `promptscope download`: brings a model or an SAE set from the hub into the Hugging Face cache, after showing what that takes.
import { homedir } from 'node:os'
import { describePlan } from '../hub/describePlan'
import { checkRoom } from '../hub/downloadPlan'
import { createHub } from '../hub/hub'
import { hubSettings } from '../hub/hubSettings'
import { createProgressText } from '../hub/progressText'
import { checkRevision, readRepositoryName } from '../hub/repositoryName'
import type { DownloadPlan, LayerChoice } from '../protocol/download'
import { CancelledError } from '../protocol/errors'
import { askLeave } from './askLeave'
import type { CommandContext } from './commandContext'
import { readOptions, type Options } from './options'
import type { Terminal } from './terminal'
import { UsageError } from './usageError'

export async function runDownloadCommand(args: readonly string[], { terminal, signal }: CommandContext): Promise<void> {
  const options = readOptions(args, {
    revision: { type: 'string' }, layers: { type: 'string' }, folder: { type: 'string', multiple: true }, sae: { type: 'boolean' }, yes: { type: 'boolean', short: 'y' }, json: { type: 'boolean' },
  })
  const [name, ...more] = options.positionals
  if (name === undefined) throw new UsageError('download takes a repository, such as Qwen/Qwen3-1.7B')
  if (more.length > 0) throw new UsageError(`download takes one repository, not also ${more[0]}`)
  const named = readRepositoryName(name)
  const layers = readLayers(options)
  const kind = options.has('sae') || layers !== null || options.has('folder') ? 'sae' : null
  const revision = checkRevision(options.string('revision') ?? named.revision ?? 'main')

  const hub = createHub(hubSettings(process.env, homedir()))
  terminal.progress(`Asking the hub about ${named.repository}`)
  const plan = await hub.plan({ repository: named.repository, revision, kind, layers: layers ?? 'all', folders: options.strings('folder').map((folder) => folder.replace(/^\.?\/+|\/+$/g, '')) }, signal)
  terminal.progress('')
  process.stderr.write(`${describePlan(plan).join('\n')}\n`)
  checkRoom(plan)
  const missing = plan.bytes - plan.bytesThere
  if (missing > 0 && !options.has('yes') && !(await askLeave('download', 'Download? [y/N] ', signal))) {
    process.stderr.write('Nothing was downloaded.\n')
    return
  }

  const textOf = createProgressText()
  const folder = await hub
    .download(plan, (progress) => {
      const text = textOf(progress, performance.now())
      if (text !== null) terminal.progress(text)
    }, signal)
    .catch((error: unknown) => {
      terminal.progress('')
      if (error instanceof CancelledError) process.stderr.write('What has come is kept; the same command goes on from there.\n')
      throw error
    })
  terminal.progress('')
  if (options.has('json')) terminal.out(`${JSON.stringify(report(plan, folder))}\n`)
  else showEnd(plan, folder, terminal)
}

function readLayers(options: Options): LayerChoice | null {
  const text = options.string('layers')
  if (text === null || text === 'all') return text
  const layers = options.wholes('layers') ?? []
  if (layers.length === 0) throw new UsageError('--layers takes all, or whole numbers separated by commas')
  return layers
}

function report({ repository, revision, commit, kind, layout, layers, files, bytes, bytesThere }: DownloadPlan, path: string): unknown {
  return { repository, revision, commit, kind, path, layout, layers, bytes, downloadedBytes: bytes - bytesThere, files: files.map((file) => ({ path: file.path, bytes: file.size })) }
}

function showEnd({ kind, repository, revision }: DownloadPlan, folder: string, terminal: Terminal): void {
  // The name is enough: it is looked up in the cache.
  const name = revision === 'main' ? repository : `${repository}@${revision}`
  const next = `promptscope trace --text 'The capital of France is' --generate 32 ${kind === 'model' ? `--model ${name}` : `--model MODEL --sae ${name}`}`
  terminal.out(`${folder}\n`)
  process.stderr.write(terminal.color.dim(`Next: ${next}\n`))
}
