// `npm run package`: builds the .vsix for this machine's platform into out/ and prints its size. What goes in is listed in .vscodeignore.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isStarted, root, runTool } from './command.mjs'
import { installPackages } from './install.mjs'

/** Platforms for which onnxruntime-node carries a binary. */
const targets = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64']

/** Builds the package and answers with its path. */
export async function packageVsix() {
  const target = `${process.platform}-${process.arch}`
  if (!targets.includes(target)) throw new Error(`there is no ONNX Runtime for ${target}; it exists for ${targets.join(', ')}`)
  await installPackages()
  const { buildAll } = await import('./build.mjs')
  await buildAll({ production: true })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const path = join(root, `out/promptscope-${version}-${target}.vsix`)
  const ignoreFile = join(root, 'out/vscodeignore')
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(ignoreFile, `${readFileSync(join(root, '.vscodeignore'), 'utf8')}\n!node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/**\n`)
  const code = await runTool('@vscode/vsce/vsce', ['package', '--target', target, '--allow-missing-repository', '--no-rewrite-relative-links', '--ignoreFile', ignoreFile, '--out', path])
  if (code !== 0) throw new Error(`vsce ended with code ${code}`)
  console.log(`${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB`)
  return path
}

if (isStarted(import.meta)) await packageVsix()
