// Installs node-llama-cpp from npm into a cache folder, once: the package itself and the one prebuilt library for this processor (the others hold some 700 MB).
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'

/** The folder that holds node_modules; throws with npm's words when it cannot be installed. */
export async function llamaPackage(sourceFolder: string, cacheFolder: string, say: (line: string) => void): Promise<string> {
  const source = join(sourceFolder, 'package.json')
  const { dependencies } = JSON.parse(readFileSync(source, 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> }
  const version = dependencies['node-llama-cpp']!
  const folder = join(cacheFolder, `node-llama-cpp-${version}`)
  if (existsSync(folder)) return folder
  say(`installing node-llama-cpp ${version} from npm into ${folder} (once; about 60 MB)`)
  // Beside and renamed when whole, so that an interrupted install is never taken for a finished one.
  const staging = `${folder}.${process.pid}`
  mkdirSync(staging, { recursive: true })
  try {
    copyFileSync(source, join(staging, 'package.json'))
    writeFileSync(join(staging, '.npmrc'), 'ignore-scripts=true\naudit=false\nfund=false\nupdate-notifier=false\nloglevel=error\n')
    await npm(staging, ['install', '--omit=optional', `@node-llama-cpp/${prebuiltName()}@${version}`])
    renameSync(staging, folder)
    return folder
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** As the package names its builds without a graphics processor; Apple's has Metal in it, which `gpu: false` leaves alone. */
function prebuiltName(): string {
  const system = platform() === 'win32' ? 'win' : platform() === 'darwin' ? 'mac' : 'linux'
  return `${system}-${arch()}${system === 'mac' && arch() === 'arm64' ? '-metal' : ''}`
}

function npm(cwd: string, args: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn('npm', args, { cwd, shell: platform() === 'win32', stdio: ['ignore', 'ignore', 'pipe'] })
    let complaints = ''
    child.stderr.on('data', (chunk: Buffer) => (complaints += String(chunk)))
    child.once('error', fail)
    child.once('close', (code) => (code === 0 ? done() : fail(new Error(`npm ended with code ${code}: ${complaints.trim().split('\n').find((line) => line.includes('ERR')) ?? complaints.trim()}`))))
  })
}
