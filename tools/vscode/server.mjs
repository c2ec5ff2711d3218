// Starts VS Code's server on 127.0.0.1 and makes the addresses under which its pages open. Stopping it ends everything it started.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Settings under which a window shows the extension and nothing else. */
const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'git.enabled': false,
  'security.workspace.trust.enabled': false,
  'files.simpleDialog.enable': true,
}

/**
 * A running server. `home` is the folder it was given; `stop` may be called more than once.
 * @typedef {{ url: string, host: string, home: string, logFile: string, stop(): Promise<void> }} VSCodeServer
 */

/**
 * Starts the server and answers when it serves pages. It keeps everything under `home`; settings that are there already stay.
 * @param {object} options
 * @param {string} options.server folder from ensureVSCode
 * @param {string} options.home
 * @param {number} [options.port] a free one when left out
 * @param {string} [options.token] asked of every visitor when given
 * @param {string} [options.extensions] folder of installed extensions
 * @param {Record<string, unknown>} [options.settings]
 * @param {boolean} [options.runsTests] accept an extension in development and tests to run in it; notifications are not shown then
 * @param {boolean} [options.endsAlone] end when nobody has been connected for a while
 * @param {readonly string[]} [options.args]
 * @returns {Promise<VSCodeServer>}
 */
export async function startServer({ server, home, port, token, extensions = join(home, 'extensions'), settings = {}, runsTests = false, endsAlone = false, args = [] }) {
  const usedPort = port ?? await freePort()
  const data = join(home, 'data')
  const logFile = join(home, 'server.log')
  mkdirSync(join(data, 'User'), { recursive: true })
  mkdirSync(extensions, { recursive: true })
  const settingsFile = join(data, 'User/settings.json')
  if (!existsSync(settingsFile)) writeFileSync(settingsFile, JSON.stringify({ ...quietSettings, ...settings }, null, 2))
  const log = openSync(logFile, 'w')
  const child = spawn(process.execPath, [
    join(server, 'out/server-main.js'), '--host', '127.0.0.1', '--port', String(usedPort), '--accept-server-license-terms',
    ...(token ? ['--connection-token', token] : ['--without-connection-token']),
    ...(runsTests ? ['--enable-smoke-test-driver'] : []),
    ...(endsAlone ? ['--enable-remote-auto-shutdown'] : []),
    '--disable-telemetry', '--disable-workspace-trust', '--disable-experiments', '--disable-update-check',
    '--server-data-dir', data, '--user-data-dir', data, '--extensions-dir', extensions, ...args,
  ], { env: cleanEnvironment(), stdio: ['ignore', log, log], detached: process.platform !== 'win32' })

  let stopped = false
  const ended = new Promise((done) => child.once('exit', done))
  const onExit = () => kill(child, 'SIGKILL')
  process.once('exit', onExit)
  const stop = async () => {
    if (stopped) return
    stopped = true
    process.off('exit', onExit)
    kill(child, 'SIGTERM')
    await Promise.race([ended, wait(2000)])
    kill(child, 'SIGKILL')
  }
  const host = `127.0.0.1:${usedPort}`
  const url = `http://${host}/`
  const deadline = Date.now() + 30_000
  while (!(await answers(`${url}version`))) {
    if (child.exitCode === null && Date.now() < deadline) { await wait(50); continue }
    await stop()
    throw new Error(`the VS Code server did not start:\n${readFileSync(logFile, 'utf8').slice(-3000)}`)
  }
  return { url, host, home, logFile, stop }
}

/** Installs a packaged extension into a folder of extensions. */
export function installVsix(/** @type {string} */ server, /** @type {string} */ vsix, /** @type {string} */ extensions, /** @type {string} */ data) {
  const { status, stderr, stdout } = spawnSync(process.execPath, [
    join(server, 'out/server-main.js'), '--accept-server-license-terms', '--extensions-dir', extensions, '--server-data-dir', data, '--install-extension', vsix, '--force',
  ], { env: cleanEnvironment(), encoding: 'utf8' })
  if (status !== 0) throw new Error(`${vsix} could not be installed:\n${stdout}${stderr}`)
}

/** Puts an extension's working tree among the installed extensions, where nothing else stays. */
export function linkExtension(/** @type {string} */ tree, /** @type {string} */ extensions) {
  rmSync(extensions, { recursive: true, force: true })
  mkdirSync(extensions, { recursive: true })
  const { publisher, name, version } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'))
  symlinkSync(tree, join(extensions, `${publisher}.${name}-${version}`), 'junction')
}

/**
 * The address of a window. Without an extension in development it shows those that are installed.
 * @param {VSCodeServer} server
 * @param {{ folder?: string | undefined, openFile?: string, development?: string | undefined, tests?: string | undefined, disableExtensions?: boolean }} window paths are absolute
 */
export function windowUrl(server, { folder, openFile, development, tests, disableExtensions = false }) {
  const remote = (/** @type {string} */ path) => `vscode-remote://${server.host}${encodeURI(uriPath(path))}`
  // VS Code reads this list into a map: a second extension in development would replace the first.
  const payload = [
    ...(development ? [['extensionDevelopmentPath', remote(development)]] : []),
    ...(tests ? [['extensionTestsPath', remote(tests)]] : []),
    ...(openFile ? [['openFile', remote(openFile)]] : []),
    ...(disableExtensions ? [['disableExtensions', 'true']] : []),
    ['skipWelcome', 'true'],
    ['skipReleaseNotes', 'true'],
  ]
  return `${server.url}?${new URLSearchParams({ ...(folder ? { folder: uriPath(folder) } : { ew: 'true' }), payload: JSON.stringify(payload) })}`
}

/** A port of 127.0.0.1 that nobody listens on: `wanted` when it is free. */
export function freePort(wanted = 0) {
  return /** @type {Promise<number>} */ (new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', (error) => (wanted ? freePort().then(done, fail) : fail(error)))
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  }))
}

/** A path as it stands in an address: `C:\x` becomes `/C:/x`. */
function uriPath(/** @type {string} */ path) {
  const forward = path.replaceAll('\\', '/')
  return forward.startsWith('/') ? forward : `/${forward}`
}

/** Our environment without what an outer VS Code or npm put there; VSCODE_TEST… stays, the test runner speaks through it. */
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VSCODE_(?!TEST)|NODE_OPTIONS$|ELECTRON_|npm_|CODE_SERVER)/.test(name)))
}

function kill(/** @type {import('node:child_process').ChildProcess} */ child, /** @type {NodeJS.Signals} */ signal) {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F'])
    else process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}

async function answers(/** @type {string} */ url) {
  try {
    return (await fetch(url)).status < 500
  } catch {
    return false
  }
}

const wait = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms))
