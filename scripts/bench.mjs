// `npm run bench`: prints how fast the demo model generates, plain, with features and with edits, and how long hovers take. Nothing is asserted; quote the machine with the numbers.
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'
import { installPackages } from './install.mjs'

await installPackages()
// Loaded now because they need the packages.
const { buildAll } = await import('./build.mjs')
const { runScript } = await import('./runScript.mjs')
await buildAll({ production: true })

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} processors, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${platform()} ${release()} ${arch()}, Node ${process.version}\n`)
process.exitCode = await runScript('scripts/benchEngine.ts')
console.log('')
process.exitCode ||= await runScript('scripts/benchHover.ts')
