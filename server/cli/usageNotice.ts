// Shows a usage notice on the terminal the first time that an SAE set with one is used.
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { usageNotice } from '../protocol/usageNotice'
import type { SaeOrigin } from '../protocol/values'
import type { Terminal } from './terminal'

/** A folder that cannot be written to means that the notice is shown again. */
export async function showUsageNotice(sae: (SaeOrigin & { readonly path: string }) | null, { note }: Pick<Terminal, 'note'>, folder = stateFolder()): Promise<void> {
  const notice = sae === null ? null : usageNotice(sae.path, sae)
  if (notice === null) return
  const marker = join(folder, 'qwen-scope-notice-shown')
  if (await stat(marker).catch(() => null)) return
  note(`promptscope: ${notice}`)
  await mkdir(folder, { recursive: true }).then(() => writeFile(marker, `${new Date().toISOString()}\n`)).catch(() => {})
}

/** Where programs keep what they remember for a user: XDG's place, or that of Windows. */
function stateFolder(): string {
  const base = process.env.XDG_STATE_HOME || process.env.LOCALAPPDATA || join(homedir(), '.local', 'state')
  return join(base, 'promptscope')
}
