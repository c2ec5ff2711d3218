#!/usr/bin/env node
// Stands in for the desktop VS Code when its test runner starts one: takes the same arguments, runs the tests in a real extension host
// under a browser without a display, prints what they print, and ends with their exit code. With PROMPTSCOPE_VSIX it tests that package.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { format } from 'node:util'
import { launchBrowser } from './browser.mjs'
import { ensureVSCode } from './ensure.mjs'
import { installVsix, startServer, windowUrl } from './server.mjs'

const noResultMs = 300_000

/** Lines of VS Code's own that say nothing about the tests. */
const noise = /^(\[reconnection-grace-time\]|Creating a socket|Resolv(ed|ing) connection token|Updating additional builtin|\[Service Worker\]|ChatSessionStore|\[ChatModelSelection\]|Error while getting the latest version|.*ENOTFOUND open-vsx)/

const options = readArguments(process.argv.slice(2))
for (const [signal, number] of /** @type {const} */ ([['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]])) process.once(signal, () => process.exit(128 + number))
const home = mkdtempSync(join(tmpdir(), 'promptscope-editor-'))
process.once('exit', () => rmSync(home, { recursive: true, force: true, maxRetries: 3 }))
process.exit(await runTests())

async function runTests() {
  const vscode = await ensureVSCode()
  const extensions = join(home, 'extensions')
  const vsix = process.env.PROMPTSCOPE_VSIX
  if (vsix) {
    installVsix(vscode, resolve(vsix), extensions, join(home, 'data'))
    options.development = join(import.meta.dirname, 'emptyExtension')
    options.disableExtensions = false
  }
  const server = await startServer({ server: vscode, home, extensions, runsTests: true, endsAlone: true })
  const browser = await launchBrowser()
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
    /** @type {(code: number) => void} */
    let end = () => {}
    const ended = /** @type {Promise<number>} */ (new Promise((done) => (end = done)))
    // The workbench calls these two: whatever the extension host prints, and the tests' end.
    await page.exposeFunction('codeAutomationLog', print)
    await page.exposeFunction('codeAutomationExit', end)
    page.once('crash', () => end(70))
    browser.once('disconnected', () => end(71))
    const timer = setTimeout(() => { console.error(`no result from the editor tests after ${noResultMs / 1000} s`); end(124) }, noResultMs)
    await page.goto(windowUrl(server, options))
    const code = await ended
    clearTimeout(timer)
    return code
  } finally {
    await browser.close().catch(() => {})
    await server.stop()
  }
}

function print(/** @type {string} */ type, /** @type {unknown[]} */ args) {
  const text = format(...args)
  if (noise.test(text)) return
  const stream = /error|warn/.test(type) ? process.stderr : process.stdout
  stream.write(text.endsWith('\n') ? text : `${text}\n`)
}

/** The desktop executable's arguments, as far as its test runner uses them. */
function readArguments(/** @type {string[]} */ args) {
  /** @type {{ folder?: string, development?: string, tests?: string, disableExtensions?: boolean }} */
  const result = {}
  for (const arg of args) {
    const [, name, value = ''] = /^--([\w-]+)(?:=(.*))?$/s.exec(arg) ?? []
    if (!name) result.folder ??= resolve(arg)
    else if (name === 'extensionDevelopmentPath') result.development = resolve(value)
    else if (name === 'extensionTestsPath') result.tests = resolve(value)
    else if (name === 'disable-extensions') result.disableExtensions = true
  }
  return result
}
