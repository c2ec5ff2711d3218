// Installs VS Code's server from npm, once per machine and version, outside this repository. Nothing is compiled and only the npm registry is asked.
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { runNpm } from '../../scripts/command.mjs'

const here = import.meta.dirname
const serverPath = 'node_modules/code-server/lib/vscode'

/** Where things are kept that can be fetched or made again. */
export function cacheFolder() {
  const base = process.env.PROMPTSCOPE_CACHE
    ?? (process.platform === 'win32' ? process.env.LOCALAPPDATA
      : process.platform === 'darwin' ? join(homedir(), 'Library/Caches')
        : process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'))
  const folder = join(base ?? tmpdir(), 'promptscope')
  try {
    mkdirSync(folder, { recursive: true })
    return folder
  } catch {
    return join(tmpdir(), 'promptscope')
  }
}

/**
 * The folder of VS Code's server, installed first when it is not there.
 * It must lie outside of the extension's folder: VS Code takes built-in themes found under an extension in development for that
 * extension's own, and then ignores the user's colour theme.
 * @returns {Promise<string>}
 */
export async function ensureVSCode() {
  const version = hashOf(['package.json', 'package-lock.json', 'ensure.mjs', 'spdlogStub.cjs'])
  const folder = join(cacheFolder(), `vscode-${version}`)
  if (existsSync(folder)) return join(folder, serverPath)
  console.log('Installing a VS Code server from npm (once; about 400 MB on disk)')
  // Installed beside and renamed when whole, so that an interrupted install is never taken for a finished one.
  const staging = `${folder}.${process.pid}`
  mkdirSync(staging, { recursive: true })
  try {
    await install(staging)
    if (!existsSync(folder)) renameSync(staging, folder)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
  return join(folder, serverPath)
}

/** @param {string} folder */
async function install(folder) {
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) copyFileSync(join(here, file), join(folder, file))
  const server = join(folder, serverPath)
  await npm(folder, 'ci')
  // The server's own packages, pinned by the npm-shrinkwrap.json it carries.
  await npm(server, 'install', '--omit=dev', '--no-save')
  copyFileSync(join(here, 'spdlogStub.cjs'), join(server, 'node_modules/@vscode/spdlog/index.js'))
  for (const name of ['@vscode/native-watchdog', 'native-watchdog']) {
    // Ends an orphaned extension host in a desktop VS Code; here the whole process group is ended instead.
    const file = join(server, 'node_modules', name, 'index.js')
    if (existsSync(file)) writeFileSync(file, 'exports.start = () => {}\nexports.exit = (code) => process.exit(code || 0)\n')
  }
  placeRipgrep(folder, join(server, 'node_modules/@vscode/ripgrep/bin'))
}

/** Puts the ripgrep that npm carries where VS Code looks for the one it would download: finding files needs it. */
function placeRipgrep(/** @type {string} */ folder, /** @type {string} */ bin) {
  const { rgPath } = createRequire(join(folder, 'package.json'))('@vscode/ripgrep')
  const target = join(bin, basename(rgPath))
  mkdirSync(bin, { recursive: true })
  copyFileSync(rgPath, target)
  chmodSync(target, 0o755)
}

async function npm(/** @type {string} */ cwd, /** @type {string[]} */ ...args) {
  const code = await runNpm(args, { cwd, env: { npm_config_ignore_scripts: 'true' } })
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with code ${code} in ${cwd}`)
}

function hashOf(/** @type {string[]} */ files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(here, file)))
  return hash.digest('hex').slice(0, 12)
}
