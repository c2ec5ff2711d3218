// Reads the user's settings into the one plain record that the worker takes, and writes the few that commands change.
import { existsSync } from 'node:fs'
import * as vscode from 'vscode'
import type { WorkerSettings } from '../server/protocol/requests'
import type { PrecisionChoice } from '../server/protocol/values'
import { Setting, SETTINGS_SECTION } from './contributions'

/** The settings that concern the worker, as they are now. */
export function readSettings(): WorkerSettings {
  const get = reader()
  return {
    model: resolveModel(get(Setting.model, '')),
    sae: resolveModel(get(Setting.sae, '')),
    precision: get<PrecisionChoice>(Setting.precision, 'auto'),
    providers: get<readonly string[]>(Setting.providers, ['cpu']),
    layers: get<readonly number[]>(Setting.layers, []),
    generate: get(Setting.generate, 64),
    sampling: { temperature: get(Setting.temperature, 0), topP: get(Setting.topP, 1), topK: get(Setting.topK, 0), seed: get(Setting.seed, 0) },
    modelFolders: get<readonly string[]>(Setting.modelFolders, []).map(resolveFolder),
    cacheLimitBytes: limitOf(get(Setting.cacheLimit, 0)),
  }
}

/** Whether a re-run opens the difference of the two answers. */
export function opensDiffAfterRerun(): boolean {
  return reader()(Setting.openDiffAfterRerun, true)
}

/** Writes a setting where it is set already, or for the user; never puts a path of this machine into a workspace by itself. */
export async function writeSetting(name: string, value: unknown): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SETTINGS_SECTION)
  const inWorkspace = configuration.inspect(name)?.workspaceValue !== undefined
  await configuration.update(name, value, inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global)
}

/** Calls back when a setting of ours changed. */
export function onDidChangeSettings(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SETTINGS_SECTION)) listener()
  })
}

/** Gigabytes as bytes; 0 sets no limit. */
const limitOf = (gigabytes: number): number | null => (gigabytes > 0 ? gigabytes * 1e9 : null)

/** Reads one setting after the other from the configuration as it is now. */
function reader(): <T>(name: string, fallback: T) => T {
  const configuration = vscode.workspace.getConfiguration(SETTINGS_SECTION)
  return (name, fallback) => configuration.get(name, fallback)
}

/** A folder, or a repository's name such as `Qwen/Qwen3-1.7B-Base@main`, which the worker looks up in the caches where no such folder is. */
export function resolveModel(text: string): string {
  const folder = resolveFolder(text)
  return /^[\w-][\w.-]*\/[\w.-]+(@[\w./-]+)?$/.test(text.trim()) && !existsSync(folder) ? text.trim() : folder
}

/** `~` and `${workspaceFolder}` written out; a relative path is one in the first workspace folder. */
export function resolveFolder(path: string): string {
  const workspace = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath
  const home = process.env['HOME'] ?? process.env['USERPROFILE'] ?? '~'
  const expanded = path.trim().replace(/^~(?=$|[\\/])/, home).replace('${workspaceFolder}', workspace ?? '')
  if (expanded === '' || /^([\\/]|[A-Za-z]:[\\/])/.test(expanded) || workspace === undefined) return expanded
  return vscode.Uri.joinPath(vscode.Uri.file(workspace), expanded).fsPath
}
