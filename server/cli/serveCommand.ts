// `promptscope serve`: speaks to an editor or a debug client over stdin and stdout.
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node'
import { startLanguageServer } from '../worker/languageServer'
import { demoFolders, ENGINE_ENTRY } from './installation'
import { readOptions } from './options'
import type { CommandContext } from './commandContext'
import { serveDap } from './serveDap'
import { UsageError } from './usageError'

export async function runServeCommand(args: readonly string[], context: CommandContext): Promise<void> {
  const options = readOptions(args, { lsp: { type: 'boolean' }, dap: { type: 'boolean' }, stdio: { type: 'boolean' } })
  if (options.positionals.length > 0) throw new UsageError(`serve takes no ${options.positionals[0]}`)
  if (options.has('lsp') === options.has('dap')) throw new UsageError('serve needs one of --lsp and --dap')
  if (!options.has('stdio')) throw new UsageError('serve needs --stdio')
  if (options.has('dap')) return serveDap(context)
  await startLanguageServer(createConnection(ProposedFeatures.all, process.stdin, process.stdout), { engineEntry: ENGINE_ENTRY, demo: demoFolders() })
}
