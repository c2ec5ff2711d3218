// `npm test`: types, lint, unit tests, tests inside VS Code, tests that look at its screen, and the packaged extension. Needs only Node; the last line is "N passed, M failed".
// `-- --only unit|editor|ui|vsix` runs one group. With CI=true a test that cannot run here counts as failed.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root, runTool } from './command.mjs'
import { ensureVSCode } from '../tools/vscode/ensure.mjs'
import { installPackages } from './install.mjs'

/** @typedef {{ passed: number, failed: number, note?: string }} Outcome */
/** @typedef {{ name: string, needsBrowser: boolean, run(): Promise<Outcome> }} Stage */

const results = join(root, 'out/test')

/** @type {readonly (Stage & { group: string })[]} */
const stages = [
  { group: 'unit', name: 'types', needsBrowser: false, run: async () => asOneTest(await runTool('typescript/bin/tsc', ['-b'])) },
  { group: 'unit', name: 'lint', needsBrowser: false, run: async () => asOneTest(await runTool('eslint/bin/eslint.js', ['.'])) },
  { group: 'unit', name: 'unit, golden, fault and rule tests', needsBrowser: false, run: () => runVitest('unit', []) },
  { group: 'editor', name: 'tests inside VS Code', needsBrowser: true, run: () => runEditorTests({}) },
  { group: 'ui', name: 'tests that look at the screen', needsBrowser: true, run: () => runVitest('ui', ['--config', 'test/ui/vitest.config.mjs']) },
  { group: 'vsix', name: 'tests inside VS Code, of the installed package', needsBrowser: true, run: runPackageTests },
]

const only = readOnly()
mkdirSync(results, { recursive: true })

/** @type {{ name: string, outcome: Outcome, seconds: number }[]} */
const report = []
await run({ name: 'packages and build', needsBrowser: false, run: prepare })
const isReady = report.every(({ outcome }) => outcome.failed === 0)
for (const stage of stages.filter(({ group }) => isReady && (!only || group === only))) await run(stage)

console.log('')
for (const { name, outcome, seconds } of report) {
  console.log(`${String(outcome.passed).padStart(5)} passed  ${String(outcome.failed).padStart(3)} failed  ${seconds.toFixed(0).padStart(4)} s  ${name}${outcome.note ? ` (${outcome.note})` : ''}`)
}
const passed = sum(report.map(({ outcome }) => outcome.passed))
const failed = sum(report.map(({ outcome }) => outcome.failed))
process.exitCode = failed > 0 ? 1 : 0
console.log(`${passed} passed, ${failed} failed`)

async function run(/** @type {Stage} */ stage) {
  console.log(`\n— ${stage.name}`)
  const start = Date.now()
  const outcome = await attempt(stage)
  report.push({ name: stage.name, outcome, seconds: (Date.now() - start) / 1000 })
}

/** @returns {Promise<Outcome>} */
async function prepare() {
  await installPackages()
  // Loaded now because it needs the packages.
  const { buildAll } = await import('./build.mjs')
  await buildAll()
  return { passed: 0, failed: 0 }
}

/** @returns {Promise<Outcome>} */
async function attempt(/** @type {Stage} */ stage) {
  try {
    if (stage.needsBrowser) {
      const { ensureBrowser } = await import('../tools/vscode/browser.mjs')
      const browser = ensureBrowser()
      if ('missing' in browser) return { passed: 0, failed: process.env.CI === 'true' ? 1 : 0, note: `NOT RUN: ${browser.missing}` }
      await ensureVSCode()
    }
    return await stage.run()
  } catch (error) {
    console.error(error)
    return { passed: 0, failed: 1, note: error instanceof Error ? error.message : String(error) }
  }
}

/** @returns {Outcome} */
function asOneTest(/** @type {number} */ code) {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }
}

/** @returns {Promise<Outcome>} */
async function runVitest(/** @type {string} */ name, /** @type {string[]} */ args) {
  const file = join(results, `${name}.json`)
  rmSync(file, { force: true })
  const code = await runTool('vitest/vitest.mjs', ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`])
  const counts = JSON.parse(readFileSync(file, 'utf8'))
  // A file that could not be loaded, or an error outside of any test, fails the run without failing a test; a skipped test did not pass.
  const notPassed = counts.numTotalTests - counts.numPassedTests
  return { passed: counts.numPassedTests, failed: Math.max(notPassed, code === 0 ? 0 : 1) }
}

/** @returns {Promise<Outcome>} */
async function runEditorTests(/** @type {NodeJS.ProcessEnv} */ env) {
  let output = ''
  const code = await runTool('@vscode/test-cli/out/bin.mjs', [], { env, onOutput: (text) => { output += text } })
  const count = (/** @type {string} */ word) => Number(new RegExp(`^\\s*(\\d+) ${word}\\b`, 'm').exec(stripVTControlCharacters(output))?.[1] ?? 0)
  return { passed: count('passing'), failed: Math.max(count('failing') + count('pending'), code === 0 && count('passing') > 0 ? 0 : 1) }
}

/** @returns {Promise<Outcome>} */
async function runPackageTests() {
  const { packageVsix } = await import('./package.mjs')
  const vsix = await packageVsix()
  return runEditorTests({ PROMPTSCOPE_VSIX: vsix })
}

/** The group after --only, or null; ends the process when there is no such group. */
function readOnly() {
  const at = process.argv.indexOf('--only')
  if (at < 0) return null
  const group = process.argv[at + 1]
  if (group && stages.some((stage) => stage.group === group)) return group
  console.error(`npm test: there is no group ${group}; the groups are ${[...new Set(stages.map((stage) => stage.group))].join(', ')}`)
  process.exit(2)
}

function sum(/** @type {number[]} */ numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
