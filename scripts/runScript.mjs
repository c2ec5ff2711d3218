// Bundles a TypeScript script of this folder and runs it from the repository's root: `node scripts/runScript.mjs scripts/caseStudy.ts --help`. Needs `npm run build` first.
import { basename } from 'node:path'
import { build } from 'esbuild'
import { isStarted, root, runCommand } from './command.mjs'

/** Answers with the script's exit code. */
export async function runScript(/** @type {string} */ entry, /** @type {readonly string[]} */ args = []) {
  // In dist/, where bundles expect to find each other.
  const outfile = `dist/${basename(entry, '.ts')}.js`
  await build({ absWorkingDir: root, bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['onnxruntime-node'], entryPoints: [entry], outfile, logLevel: 'warning' })
  return runCommand(process.execPath, [outfile, ...args])
}

if (isStarted(import.meta)) {
  const [entry, ...args] = process.argv.slice(2)
  if (!entry) throw new Error('usage: node scripts/runScript.mjs scripts/NAME.ts [arguments]')
  process.exitCode = await runScript(entry, args)
}
