// `npm run bench`: how fast the demo model generates, how long hovers and steps in the debugger take, and then a model of real size against llama.cpp, Python and the memory. Nothing is asserted.
// `npm run bench -- --help` lists the parts; docs/performance.md tells what they mean.
import { installPackages } from './install.mjs'

const args = process.argv.slice(2)
const only = /** @type {readonly string[] | undefined} */ (args[args.indexOf('--only') + 1]?.split(','))
const isAsked = (/** @type {string} */ part) => !args.includes('--only') || only?.includes(part)
const isQuick = args.includes('--only') && only?.every((part) => ['demo', 'hover', 'debugger'].includes(part))

await installPackages()
// Loaded now because they need the packages.
const { buildAll } = await import('./build.mjs')
const { runScript } = await import('./runScript.mjs')
await buildAll({ production: true })

if (!args.includes('--help')) {
  if (isAsked('demo')) process.exitCode = await runScript('scripts/bench/demoModel.ts')
  if (isAsked('hover')) process.exitCode ||= await runScript('scripts/bench/hover.ts')
  if (isAsked('debugger')) process.exitCode ||= await runScript('scripts/bench/debugger.ts')
}
if (!isQuick) process.exitCode ||= await runScript('scripts/bench/bench.ts', args)
