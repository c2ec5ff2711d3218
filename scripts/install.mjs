// Makes sure that node_modules holds what package-lock.json says, and installs it when not, so that every other script works alone.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isStarted, root, runMain, runNpm } from './command.mjs'

/** Installs the packages unless they are all there in the right version. Throws when npm fails. */
export async function installPackages() {
  const reason = whyStale()
  if (!reason) return
  console.log(`Installing packages (${reason})`)
  const code = await runNpm(['ci'])
  if (code !== 0) throw new Error(`npm ci ended with code ${code}`)
}

/** What npm noted about the tree it installed, compared with the lockfile; null when they agree. */
function whyStale() {
  const noted = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(noted)) return 'none are installed yet'
  const installed = readPackages(noted)
  for (const [path, wanted] of Object.entries(readPackages(join(root, 'package-lock.json')))) {
    if (path === '') continue
    const found = installed[path]
    if (!found && !wanted.optional) return `${path} is missing`
    if (found && found.version !== wanted.version) return `${path} is ${found.version}, wanted ${wanted.version}`
  }
  return null
}

/** @returns {Record<string, { version?: string, optional?: boolean }>} by path, as npm lockfiles list them */
function readPackages(/** @type {string} */ file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

if (isStarted(import.meta)) await runMain(installPackages)
