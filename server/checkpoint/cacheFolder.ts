// Where Promptscope keeps what it can make again, as each system has it.
import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** `promptscope` in the folder that the system gives to caches, or in the one that PROMPTSCOPE_CACHE names. Nothing the user made lies there. */
export function cacheFolder(variables: Environment = process.env, home = homedir(), platform: NodeJS.Platform = process.platform): string {
  return join(variables['PROMPTSCOPE_CACHE'] || systemCache(variables, home, platform), 'promptscope')
}

function systemCache({ LOCALAPPDATA, XDG_CACHE_HOME }: Environment, home: string, platform: NodeJS.Platform): string {
  if (platform === 'win32') return LOCALAPPDATA || join(home, 'AppData', 'Local')
  if (platform === 'darwin') return join(home, 'Library', 'Caches')
  return XDG_CACHE_HOME || join(home, '.cache')
}
