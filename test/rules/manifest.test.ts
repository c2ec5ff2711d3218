// package.json and the code agree: every contributed command, view, setting and context is one that contributions.ts names, and the other way round.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './sourceFiles'

interface Manifest {
  readonly main: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly contributes?: {
    readonly commands?: readonly { readonly command: string; readonly title: string }[]
    readonly views?: Readonly<Record<string, readonly { readonly id: string }[]>>
    readonly viewsWelcome?: readonly { readonly view: string }[]
    readonly configuration?: { readonly properties: Readonly<Record<string, { readonly description?: string; readonly markdownDescription?: string }>> }
    readonly menus?: Readonly<Record<string, readonly { readonly command?: string }[]>>
    readonly keybindings?: readonly { readonly command: string }[]
    readonly walkthroughs?: readonly { readonly steps: readonly { readonly media: Readonly<Record<string, unknown>> }[] }[]
    readonly languages?: readonly { readonly configuration?: string }[]
  }
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const contributions = readFileSync(join(root, 'extension/contributions.ts'), 'utf8')
const contributes = manifest.contributes ?? {}

const commands = (contributes.commands ?? []).map(({ command }) => command)
const views = Object.values(contributes.views ?? {}).flat().map(({ id }) => id)
const settings = Object.keys(contributes.configuration?.properties ?? {})

describe('packages', () => {
  it('are named by exact versions', () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    expect(loose).toEqual([])
  })

  it('include one that ships unbundled', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['onnxruntime-node'])
  })

  it('of VS Code typings are those of the oldest VS Code supported', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly engines: { readonly vscode: string } }
    expect(engines.vscode).toBe(`^${manifest.devDependencies['@types/vscode']}`)
  })
})

describe('contributions.ts and package.json name the same', () => {
  it('identifiers', () => {
    const named = new Set([...contributions.matchAll(/'(promptscope\.[\w.]+)'/g)].map(([, name]) => name))
    const declared = new Set([...commands, ...views, ...settings])
    expect([...declared].filter((name) => !named.has(name)), 'in package.json only').toEqual([])
    expect([...named].filter((name) => name !== undefined && !declared.has(name) && !isContextKey(name)), 'in contributions.ts only').toEqual([])
  })

  it('commands in menus, keys and welcome texts', () => {
    const menus = Object.values(contributes.menus ?? {}).flat().flatMap(({ command }) => (command === undefined ? [] : [command]))
    const keys = (contributes.keybindings ?? []).map(({ command }) => command)
    const inText = [...JSON.stringify(contributes).matchAll(/command:(promptscope\.[\w.]+)/g)].flatMap(([, name]) => (name === undefined ? [] : [name]))
    expect([...menus, ...keys, ...inText].filter((name) => name.startsWith('promptscope.') && !commands.includes(name) && !isViewCommand(name))).toEqual([])
  })
})

it('every setting is described', () => {
  const properties = contributes.configuration?.properties ?? {}
  expect(Object.entries(properties).filter(([, { description, markdownDescription }]) => !description && !markdownDescription).map(([name]) => name)).toEqual([])
})

it('every file that package.json names is in the repository', () => {
  const files = [...JSON.stringify(contributes).matchAll(/"(?:\.\/)?((?:media|extension|demo)\/[\w./-]+)"/g)].flatMap(([, path]) => (path === undefined ? [] : [path]))
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

it('every script that package.json names is in the repository', () => {
  const files = Object.values(manifest.scripts).flatMap((line) => [...line.matchAll(/scripts\/[\w.]+/g)].map(([path]) => path))
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

/** Keys of `when` clauses are set by code and declared nowhere. */
function isContextKey(name: string): boolean {
  return JSON.stringify(contributes).includes(name) && !commands.includes(name)
}

/** VS Code makes a command for each view. */
function isViewCommand(name: string): boolean {
  return views.some((view) => name === `${view}.focus`)
}
