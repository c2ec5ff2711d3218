// `promptscope serve`: speaks to an editor over stdin and stdout.
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node'
import { InputError } from '../protocol/errors'
import { startLanguageServer } from '../worker/languageServer'
import { demoFolders, ENGINE_ENTRY } from './installation'
import { readOptions } from './options'
import { UsageError } from './usageError'

export async function runServeCommand(args: readonly string[]): Promise<void> {
  const options = readOptions(args, { lsp: { type: 'boolean' }, dap: { type: 'boolean' }, stdio: { type: 'boolean' } })
  if (options.positionals.length > 0) throw new UsageError(`serve takes no ${options.positionals[0]}`)
  if (options.has('lsp') === options.has('dap')) throw new UsageError('serve needs one of --lsp and --dap')
  if (!options.has('stdio')) throw new UsageError('serve needs --stdio')
  if (options.has('dap')) throw new InputError('serve --dap is not available in this version', 'use serve --lsp --stdio, or the trace command')
  await startLanguageServer(createConnection(ProposedFeatures.all, process.stdin, process.stdout), { engineEntry: ENGINE_ENTRY, demo: demoFolders() })
}
