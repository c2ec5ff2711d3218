// `promptscope cache`: lists, checks and deletes the quantised weights on disk.
import { byteText } from '../formats/byteText'
import { InputError } from '../protocol/errors'
import { costWords, kindWords } from '../protocol/precisionWords'
import type { QuantisedEntry } from '../protocol/requests'
import { createQuantisedStore, type QuantisedStore } from '../worker/quantisedStore'
import { askLeave } from './askLeave'
import type { CommandContext } from './commandContext'
import { readOptions } from './options'
import type { Terminal } from './terminal'
import { UsageError } from './usageError'

const ACTIONS = ['list', 'verify', 'remove', 'clear'] as const

export async function runCacheCommand(args: readonly string[], context: CommandContext): Promise<void> {
  const { terminal } = context
  const options = readOptions(args, { yes: { type: 'boolean', short: 'y' }, json: { type: 'boolean' } })
  const [name = 'list', entryName, ...more] = options.positionals
  const action = ACTIONS.find((known) => known === name)
  if (action === undefined) throw new UsageError(`cache takes ${ACTIONS.join(', ')}, not ${name}`)
  const takesEntry = action === 'verify' || action === 'remove'
  const surplus = takesEntry ? more[0] : entryName
  if (surplus !== undefined) throw new UsageError(`cache ${action} takes no ${surplus}`)
  if (action === 'remove' && entryName === undefined) throw new UsageError('cache remove takes the name of an entry, as cache list shows it')

  const store = createQuantisedStore()
  const { folder, entries } = await store.list()
  const chosen = entryName === undefined ? entries : [entryCalled(entries, entryName, folder)]
  const json = (value: unknown): void => terminal.out(`${JSON.stringify(value)}\n`)
  if (action === 'list') return options.has('json') ? json({ folder, entries }) : terminal.out(renderEntries(folder, entries, terminal))
  if (action === 'verify') {
    const results = await verifyAll(store, chosen, context)
    if (options.has('json')) json(results)
    else terminal.out(`${results.map(({ entry, isWhole }) => `${idOf(entry)}  ${isWhole ? terminal.color.green('whole') : terminal.color.yellow('damaged')}`).join('\n') || 'Nothing is kept.'}\n`)
    const damaged = results.find(({ isWhole }) => !isWhole)
    if (damaged) throw new InputError(`entry ${idOf(damaged.entry)} is damaged`, `delete it with: promptscope cache remove ${idOf(damaged.entry)}; its next use writes it again`)
    return
  }
  const bytes = chosen.reduce((sum, entry) => sum + entry.bytes, 0)
  if (chosen.length === 0) return options.has('json') ? json({ removed: [], bytes: 0 }) : terminal.out('Nothing is kept.\n')
  const question = `Delete ${chosen.length === 1 ? idOf(chosen[0]!) : `all ${chosen.length} entries`}, ${byteText(bytes)}, for good? [y/N] `
  if (!options.has('yes') && !(await askLeave('cache', question, context.signal))) return void process.stderr.write('Nothing was deleted.\n')
  const freed = await store.remove(chosen.map((entry) => entry.folder))
  if (options.has('json')) json({ removed: chosen.map(idOf), bytes: freed })
  else terminal.out(`${byteText(freed)} freed\n`)
}

async function verifyAll(store: QuantisedStore, entries: readonly QuantisedEntry[], { terminal, signal }: CommandContext) {
  const results: { readonly entry: QuantisedEntry; readonly isWhole: boolean }[] = []
  // One whose writing goes on has nothing yet to be compared with.
  for (const entry of entries.filter(({ isComplete, kind }) => isComplete || kind === 'damaged')) {
    const isWhole = await store.verify(entry.folder, (done) => terminal.progress(`comparing ${idOf(entry)}: ${byteText(done)} of ${byteText(entry.bytes)}`), signal)
    results.push({ entry, isWhole })
  }
  terminal.progress('')
  return results
}

function entryCalled(entries: readonly QuantisedEntry[], name: string, folder: string): QuantisedEntry {
  const exact = entries.filter((entry) => idOf(entry) === name)
  const found = exact.length > 0 ? exact : entries.filter((entry) => idOf(entry).startsWith(name))
  if (found.length === 1) return found[0]!
  if (found.length > 1) throw new InputError(`entry ${name} may be ${found.map(idOf).join(' or ')}`, 'write more of its name')
  throw new InputError(`entry ${name} is not in ${folder}`, 'see what is with: promptscope cache list')
}

function renderEntries(folder: string, entries: readonly QuantisedEntry[], { color }: Terminal): string {
  if (entries.length === 0) return `No quantised weights are kept in ${folder}.\n`
  const lines = entries.flatMap((entry) => {
    const { model, bytes, lastUsed, isComplete, cost } = entry
    const state = isComplete ? '' : color.yellow('  not complete: its next use goes on there')
    return [
      `${color.bold(idOf(entry))}  ${byteText(bytes)}  ${kindWords(entry)}, last used ${lastUsed.slice(0, 16).replace('T', ' ')}${state}`,
      ...(model === null ? [] : [color.dim(`  of ${model}`)]),
      ...(cost === null ? [] : [color.dim(`  ${costWords(cost)}`)]),
    ]
  })
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  return `${lines.join('\n')}\n${byteText(bytes)} in ${folder}\n`
}

/** The last part of the folder names the entry. */
const idOf = ({ folder }: QuantisedEntry): string => folder.split(/[\\/]/).at(-1)!
