// Builds dist/: the extension, the worker, the command line, the engine process and the webviews. `--watch` builds again on every change, `--production` makes it small.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, context } from 'esbuild'
import { isStarted, root } from './command.mjs'

/** @returns {import('esbuild').BuildOptions[]} */
function bundles(/** @type {boolean} */ production) {
  /** @type {import('esbuild').BuildOptions} */
  const shared = { absWorkingDir: root, bundle: true, minify: production, sourcemap: !production, logLevel: 'warning' }
  /** @type {import('esbuild').BuildOptions} */
  const node = { ...shared, platform: 'node', format: 'cjs', target: 'node20', external: ['vscode', 'onnxruntime-node'] }
  return [
    { ...node, entryPoints: ['extension/extension.ts'], outfile: 'dist/extension.js' },
    { ...node, entryPoints: ['server/main.ts'], outfile: 'dist/main.js' },
    { ...node, entryPoints: ['server/engine/process/engineEntry.ts'], outfile: 'dist/engine.js' },
    { ...node, entryPoints: ['server/checkpoint/roundingThread.ts'], outfile: 'dist/rounding.js' },
    { ...node, entryPoints: ['server/cli.ts'], outfile: 'dist/cli.js' },
    { ...shared, platform: 'browser', format: 'iife', target: 'es2022', entryPoints: { scope: 'webview/scope/main.ts' }, outdir: 'dist/webview' },
    { ...shared, platform: 'browser', target: 'es2022', entryPoints: { scope: 'webview/scope/scope.css' }, outdir: 'dist/webview' },
  ]
}

/** Builds everything once; throws when a bundle failed, after the others are built. What is wrong has been printed then. */
export async function buildAll({ production = false } = {}) {
  if (production) rmSync(join(root, 'dist'), { recursive: true, force: true })
  const built = await Promise.allSettled(bundles(production).map((options) => build(options)))
  if (built.some(({ status }) => status === 'rejected')) throw new Error('the build failed')
}

/** Bundles the tests that run inside VS Code into out/editorTests, where its test runner finds them. */
export async function buildEditorTests() {
  const outdir = 'out/editorTests'
  rmSync(join(root, outdir), { recursive: true, force: true })
  await build({
    absWorkingDir: root, bundle: true, platform: 'node', format: 'cjs', target: 'node20', sourcemap: 'inline', external: ['vscode', 'mocha'],
    entryPoints: ['test/editor/*.test.ts'], outdir, logLevel: 'warning',
  })
}

/** Builds on every change; prints the lines that .vscode/tasks.json waits for. */
async function watch() {
  let building = 0
  /** @type {import('esbuild').Plugin} */
  const announce = {
    name: 'announce',
    setup(plugin) {
      plugin.onStart(() => { if (building++ === 0) console.log('[watch] build started') })
      plugin.onEnd(() => { if (--building === 0) console.log('[watch] build finished') })
    },
  }
  const contexts = await Promise.all(bundles(false).map((options) => context({ ...options, plugins: [announce] })))
  await Promise.all(contexts.map((each) => each.watch()))
}

if (isStarted(import.meta)) {
  if (process.argv.includes('--watch')) await watch()
  else await buildAll({ production: process.argv.includes('--production') }).catch(() => { process.exitCode = 1 })
}
