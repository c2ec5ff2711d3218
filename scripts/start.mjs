// `npm start`: installs and builds what is missing, then opens VS Code on the demo workspace. `-- --served` serves VS Code on 127.0.0.1 even where one is installed.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { delimiter, join } from 'node:path'
import { cacheFolder, ensureVSCode } from '../tools/vscode/ensure.mjs'
import { freePort, linkExtension, startServer, windowUrl } from '../tools/vscode/server.mjs'
import { root, runCommand, runMain } from './command.mjs'
import { installPackages } from './install.mjs'

const workspace = join(root, 'demo')
const firstPrompt = join(workspace, 'prompts/drift.prompt')
/** Kept from one start to the next where it is free: VS Code remembers a window's layout by its address. */
const usualPort = 3517

await runMain(async () => {
  await installPackages()
  console.log('Building Promptscope')
  // Loaded now because it needs the packages.
  const { buildAll } = await import('./build.mjs')
  await buildAll()
  const installed = process.argv.includes('--served') ? null : installedVSCode()
  if (installed) await openInstalled(installed)
  else await serve()
})

async function openInstalled(/** @type {string} */ code) {
  console.log(`Opening ${code} on demo/ with Promptscope in it`)
  const args = ['--new-window', `--extensionDevelopmentPath=${root}`, workspace, firstPrompt]
  const shell = process.platform === 'win32'
  const status = await runCommand(shell ? `"${code}"` : code, shell ? args.map((arg) => `"${arg}"`) : args, { shell })
  if (status !== 0) throw new Error(`${code} ended with code ${status}; npm start -- --served needs no VS Code`)
}

/** Serves VS Code until Ctrl-C, with the working tree as an installed extension. */
async function serve() {
  const vscode = await ensureVSCode()
  const port = await freePort(usualPort)
  // A second server beside a running one must not share its folder.
  const home = join(cacheFolder(), port === usualPort ? 'start' : `start-${port}`)
  const extensions = join(home, 'extensions')
  linkExtension(root, extensions)
  // Any page in any browser may call 127.0.0.1; only the address that is printed here opens this one.
  const token = randomBytes(12).toString('hex')
  const server = await startServer({ server: vscode, home, port, token, extensions })
  const door = await openDoor(`${windowUrl(server, { folder: workspace, openFile: firstPrompt })}&tkn=${token}`)
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.once(signal, () => void server.stop().then(() => process.exit(0)))
  console.log(`\nVS Code is ready. Open this address in a browser; Ctrl-C here ends it.\n\n  ${door}\n`)
}

/** A short address that leads to a long one: a window's names its folder and file. It is as hard to guess as a token. */
async function openDoor(/** @type {string} */ target) {
  const path = `/${randomBytes(6).toString('hex')}`
  const port = await freePort(usualPort - 1)
  createServer(({ url }, response) => {
    if (url === path) response.writeHead(302, { location: target }).end()
    else response.writeHead(404).end()
  }).listen(port, '127.0.0.1')
  return `http://127.0.0.1:${port}${path}`
}

/** The desktop VS Code's command, or null. Inside one of its own remote terminals `code` is another program, which takes no extension. */
function installedVSCode() {
  if (process.env.VSCODE_IPC_HOOK_CLI) return null
  const name = process.platform === 'win32' ? 'code.cmd' : 'code'
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/Applications/Visual Studio Code.app/Contents/Resources/app/bin']
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? null
}
