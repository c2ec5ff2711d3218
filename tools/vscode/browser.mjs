// Finds a Chromium on this machine, installs Debian's where that is allowed, and opens it without a display.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

/** Path of a Chromium or Chrome, or null. `CHROMIUM_PATH` comes first. */
export function findBrowser() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const onPath = (process.env.PATH ?? '').split(':').flatMap((folder) => names.map((name) => join(folder, name)))
  const candidates = [
    process.env.CHROMIUM_PATH,
    ...(process.platform === 'linux' ? [...onPath, '/snap/bin/chromium'] : []),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
    chromium.executablePath(),
  ]
  return candidates.find((path) => path && existsSync(path)) ?? null
}

/**
 * A browser, installed first with apt-get when there is none and we may.
 * @returns {{ path: string } | { missing: string }} `missing` says what to do
 */
export function ensureBrowser() {
  const found = findBrowser()
  if (found) return { path: found }
  const mayInstall = process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0
  if (!mayInstall) return { missing: 'no Chromium or Chrome was found; install one, or set CHROMIUM_PATH to its path' }
  console.log('Installing Chromium and fonts with apt-get')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (/** @type {string[]} */ ...args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  const installed = apt('update') && apt('install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core', 'fonts-noto-cjk')
  const path = installed ? findBrowser() : null
  return path ? { path } : { missing: 'apt-get could not install chromium; install a Chromium or Chrome, or set CHROMIUM_PATH to its path' }
}

/** Opens a browser without a display that reaches nothing but this machine. */
export async function launchBrowser() {
  const browser = ensureBrowser()
  if ('missing' in browser) throw new Error(browser.missing)
  return chromium.launch({
    executablePath: browser.path,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    ],
  })
}
