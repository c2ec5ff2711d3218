// `npm run package`: builds the .vsix for this machine's platform into out/ and prints its size; `-- --target darwin-arm64` for another one.
// What goes in is listed in .vscodeignore.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isStarted, root, runMain, runTool } from './command.mjs'
import { installPackages } from './install.mjs'

/** ONNX Runtime's files by platform. The macOS folder holds the same library under two names; the binding asks for this one. */
const binaries = /** @type {Readonly<Record<string, string>>} */ ({
  'linux-x64': 'linux/x64/**',
  'linux-arm64': 'linux/arm64/**',
  'win32-x64': 'win32/x64/**',
  'win32-arm64': 'win32/arm64/**',
  'darwin-arm64': 'darwin/arm64/{onnxruntime_binding.node,libonnxruntime.1.dylib}',
})

/** Builds the package and answers with its path. */
export async function packageVsix(target = `${process.platform}-${process.arch}`) {
  const files = binaries[target]
  if (!files) throw new Error(`there is no ONNX Runtime for ${target}; it exists for ${Object.keys(binaries).join(', ')}`)
  await installPackages()
  // Loaded now because it needs the packages.
  const { buildAll } = await import('./build.mjs')
  await buildAll({ production: true })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const path = `out/promptscope-${version}-${target}.vsix`
  const ignoreFile = join(root, 'out/vscodeignore')
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(ignoreFile, `${readFileSync(join(root, '.vscodeignore'), 'utf8')}\n!node_modules/onnxruntime-node/bin/napi-v6/${files}\n`)
  const code = await runTool('@vscode/vsce/vsce', ['package', '--target', target, '--allow-missing-repository', '--no-rewrite-relative-links', '--ignoreFile', ignoreFile, '--out', path])
  if (code !== 0) throw new Error(`vsce ended with code ${code}`)
  console.log(`${path}: ${(statSync(join(root, path)).size / 2 ** 20).toFixed(1)} MiB`)
  return join(root, path)
}

if (isStarted(import.meta)) {
  const at = process.argv.indexOf('--target')
  await runMain(() => packageVsix(at < 0 ? undefined : process.argv[at + 1]))
}
