// package.json and the code agree: every contributed command, view, setting and context is one that contributions.ts names, and the other way round.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Colour, Command, ContextKey, Language, RowKind, SCOPE_PANEL, Setting, SETTINGS_SECTION, View, WALKTHROUGH } from '../../extension/contributions'
import { root } from './sourceFiles'

interface Manifest {
  readonly name: string
  readonly publisher: string
  readonly engines: { readonly vscode: string }
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[]
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly description?: string; readonly markdownDescription?: string }>> }
    readonly menus: Readonly<Record<string, readonly { readonly command?: string }[]>>
    readonly keybindings: readonly { readonly command: string }[]
    readonly walkthroughs: readonly { readonly id: string }[]
    readonly languages: readonly { readonly id: string }[]
    readonly colors: readonly { readonly id: string }[]
  }
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const { contributes } = manifest
const asText = JSON.stringify(contributes)

const commands: readonly string[] = Object.values(Command)
const views: readonly string[] = Object.values(View)

describe('packages', () => {
  it('are named by exact versions', () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    expect(loose).toEqual([])
  })

  it('include one that ships unbundled', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['onnxruntime-node'])
  })

  it('hold the typings of the oldest VS Code supported', () => {
    expect(manifest.engines.vscode).toBe(`^${manifest.devDependencies['@types/vscode']}`)
  })
})

describe('package.json and contributions.ts name the same', () => {
  it.each([
    ['commands', contributes.commands.map(({ command }) => command), commands],
    ['views', Object.values(contributes.views).flat().map(({ id }) => id), views],
    ['settings', Object.keys(contributes.configuration.properties), Object.values(Setting).map((name) => `${SETTINGS_SECTION}.${name}`)],
    ['languages', contributes.languages.map(({ id }) => id), Object.values(Language)],
    ['colours', contributes.colors.map(({ id }) => id), Object.values(Colour).flat()],
    ['walkthroughs', contributes.walkthroughs.map(({ id }) => `${manifest.publisher}.${manifest.name}#${id}`), [WALKTHROUGH]],
  ])('%s', (_what, declared, named) => {
    expect([...declared].sort()).toEqual([...named].sort())
  })

  it('commands behind menus, keys and links', () => {
    const used = [
      ...Object.values(contributes.menus).flat().map(({ command }) => command),
      ...contributes.keybindings.map(({ command }) => command),
      ...[...asText.matchAll(/command:(promptscope\.\w+(?:\.\w+)*)/g)].map(([, name]) => name),
    ]
    const madeByVSCode = views.map((view) => `${view}.focus`)
    expect(used.filter((name) => name?.startsWith('promptscope.') && ![...commands, ...madeByVSCode].includes(name))).toEqual([])
  })

  it('context keys, rows and views in conditions', () => {
    const clauses = [...asText.matchAll(/"(?:when|enablement)":"([^"]*)"/g)].map(([, clause]) => clause ?? '')
    const values = (left: string): (string | undefined)[] => clauses.flatMap((clause) => [...clause.matchAll(new RegExp(`\\b${left} == '?([\\w.]+)`, 'g'))].map(([, value]) => value))
    const keys = clauses.flatMap((clause) => [...clause.replace(/(==|!=|=~) *\S+/g, '').matchAll(/promptscope\.\w+/g)].map(([name]) => name))
    expect(without(keys, [...Object.values(ContextKey), SCOPE_PANEL]), 'context keys').toEqual([])
    expect(without(values('viewItem'), Object.values(RowKind)), 'rows').toEqual([])
    expect(without(values('view'), views), 'views').toEqual([])
  })
})

it('every setting is described', () => {
  const undescribed = Object.entries(contributes.configuration.properties).filter(([, { description, markdownDescription }]) => !description && !markdownDescription)
  expect(undescribed.map(([name]) => name)).toEqual([])
})

it('every file that package.json names is in the repository', () => {
  const files = [...asText.matchAll(/"(?:\.\/)?((?:media|extension|demo)\/[\w./-]+)"/g)].flatMap(([, path]) => (path === undefined ? [] : [path]))
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

it('every script that package.json names is in the repository', () => {
  const files = Object.values(manifest.scripts).flatMap((line) => [...line.matchAll(/scripts\/[\w.]+/g)].map(([path]) => path))
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

function without(found: readonly (string | undefined)[], known: readonly string[]): (string | undefined)[] {
  return [...new Set(found)].filter((name) => name === undefined || !known.includes(name))
}
