// Who may import whom. The table is the rule; docs/architecture.md explains it.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { root, sourceFiles } from './sourceFiles'

interface Layer {
  /** Other layers it may import. */
  readonly layers: readonly string[]
  readonly packages: RegExp
}

const all = ['server/protocol', 'server/formats', 'server/graph', 'server/checkpoint', 'server/hub', 'server/engine', 'server/engine/onnx.ts', 'server/runs', 'server/features', 'server/debug', 'server/debug/dap', 'server/debug/dap/frames.ts', 'server/store', 'server/editor', 'server/worker', 'server/cli']
const fileFormats = '@huggingface\\/tokenizers|@huggingface\\/jinja|yaml'

/** By folder or single file; the longest that matches a path is its layer. */
const table: Readonly<Record<string, Layer>> = {
  'server/protocol': { layers: [], packages: /^$/ },
  'server/formats': { layers: ['server/protocol'], packages: new RegExp(`^(${fileFormats})$`) },
  'server/graph': { layers: ['server/protocol', 'server/formats'], packages: /^$/ },
  'server/checkpoint': { layers: ['server/protocol', 'server/formats'], packages: /^node:/ },
  'server/hub': { layers: ['server/protocol', 'server/formats'], packages: /^(node:.*|@huggingface\/hub)$/ },
  'server/engine/onnx.ts': { layers: ['server/protocol', 'server/formats', 'server/graph', 'server/checkpoint', 'server/engine'], packages: /^(node:.*|onnxruntime-(node|common))$/ },
  'server/engine': { layers: ['server/protocol', 'server/formats', 'server/graph', 'server/checkpoint', 'server/engine/onnx.ts'], packages: /^node:/ },
  'server/runs': { layers: ['server/protocol', 'server/formats', 'server/checkpoint', 'server/engine'], packages: /^$/ },
  'server/features': { layers: ['server/protocol', 'server/formats', 'server/runs', 'server/checkpoint', 'server/engine'], packages: /^$/ },
  'server/debug': { layers: ['server/protocol', 'server/formats', 'server/runs', 'server/features', 'server/checkpoint', 'server/engine'], packages: /^re2js$/ },
  'server/debug/dap/frames.ts': { layers: [], packages: /^$/ },
  'server/debug/dap': { layers: ['server/protocol', 'server/formats', 'server/runs', 'server/features', 'server/checkpoint', 'server/engine', 'server/debug', 'server/debug/dap/frames.ts'], packages: /^(node:.*|@vscode\/debugprotocol)$/ },
  'server/store': { layers: ['server/protocol'], packages: /^node:/ },
  'server/editor': { layers: ['server/protocol', 'server/runs', 'server/features', 'server/formats'], packages: /^vscode-languageserver/ },
  'server/worker': { layers: all, packages: /^(node:.*|vscode-languageserver.*)$/ },
  'server/cli': { layers: all, packages: /^(node:.*|picocolors|vscode-languageserver\/node)$/ },
  'server/main.ts': { layers: all, packages: /^(node:.*|vscode-languageserver.*)$/ },
  'server/cli.ts': { layers: [...all, 'server/main.ts'], packages: /^(node:.*|picocolors)$/ },
  // Both ends of the pipe between the editor and the debug adapter frame messages alike.
  extension: { layers: ['server/protocol', 'server/debug/dap/frames.ts'], packages: /^(vscode|vscode-languageclient.*|@vscode\/debugprotocol|node:.*)$/ },
  webview: { layers: ['server/protocol'], packages: /^(@vscode\/webview-ui-toolkit.*|chart\.js.*)$/ },
}

/** Layers that see another only as types: what the engine or a checkpoint is, not what it does. */
const typesOnly: Readonly<Record<string, readonly string[]>> = {
  'server/runs': ['server/checkpoint', 'server/engine'],
  'server/features': ['server/checkpoint', 'server/engine'],
  'server/debug': ['server/checkpoint', 'server/engine'],
  'server/debug/dap': ['server/checkpoint', 'server/engine'],
}

it.each(sourceFiles(['extension', 'server', 'webview'], /\.ts$/))('%s imports only what its layer may', (file) => {
  expect(forbiddenImports(file, readFileSync(resolve(root, file), 'utf8'))).toEqual([])
})

it.each([
  ['server/formats/x.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
  ['server/formats/x.ts', "import { a } from '../engine/engine'", '../engine/engine'],
  ['server/engine/x.ts', "import * as ort from 'onnxruntime-node'", 'onnxruntime-node'],
  ['server/runs/x.ts', "import { loadEngine } from '../engine/engine'", '../engine/engine (must be a type import)'],
  ['server/debug/x.ts', "import { createDecoder } from '../engine/decoder'", '../engine/decoder (must be a type import)'],
  ['server/debug/x.ts', "import { readFile } from 'node:fs/promises'", 'node:fs/promises'],
  ['server/editor/x.ts', "import { a } from '../engine/engine'", '../engine/engine'],
  ['server/worker/x.ts', "import * as vscode from 'vscode'", 'vscode'],
  ['extension/x.ts', "const a = await import('../server/main')", '../server/main'],
  ['webview/scope/x.ts', "import type { a } from '../../server/runs/x'", '../../server/runs/x'],
])('catches a planted import: %s, %s', (file, code, forbidden) => {
  expect(forbiddenImports(file, code)).toEqual([forbidden])
})

function forbiddenImports(file: string, code: string): string[] {
  const from = layerOf(file)
  const rule = from === undefined ? undefined : table[from]
  if (from === undefined || rule === undefined) return [`${file} is in no layer`]
  return importsOf(file, code).flatMap(({ name, isType }) => {
    if (!name.startsWith('.')) return rule.packages.test(name) ? [] : [name]
    const to = layerOf(resolve(root, dirname(file), name).slice(root.length + 1))
    if (to === from) return []
    if (to === undefined || !rule.layers.includes(to)) return [name]
    return typesOnly[from]?.includes(to) && !isType ? [`${name} (must be a type import)`] : []
  })
}

function layerOf(path: string): string | undefined {
  return Object.keys(table)
    .filter((layer) => path === layer || `${path}.ts` === layer || path.startsWith(`${layer}/`))
    .sort((a, b) => b.length - a.length)[0]
}

/** Static imports and exports, and dynamic imports, of a source text. */
function importsOf(file: string, code: string): { readonly name: string; readonly isType: boolean }[] {
  const found: { name: string; isType: boolean }[] = []
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ name: node.moduleSpecifier.text, isType: isTypeOnly(node) })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      found.push({ name: argument && ts.isStringLiteral(argument) ? argument.text : '(an import whose name is computed)', isType: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, code, ts.ScriptTarget.Latest))
  return found
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  const clause = node.importClause
  if (!clause) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const named = clause.namedBindings
  return !clause.name && named !== undefined && ts.isNamedImports(named) && named.elements.every((element) => element.isTypeOnly)
}
