// What VS Code checks while launch.json is written agrees with what a launch may say, and with what an edit line is.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import type { LaunchArguments } from '../../../../server/debug/launchArguments'
import { parseEditLine } from '../../../../server/formats/editLine'

interface Field {
  readonly markdownDescription?: string
  readonly pattern?: string
  readonly items?: { readonly pattern?: string }
}
interface Debugger {
  readonly type: string
  readonly languages: readonly string[]
  readonly configurationAttributes: { readonly launch: { readonly properties: Readonly<Record<string, Field>> } }
  readonly initialConfigurations: readonly Readonly<Record<string, unknown>>[]
  readonly configurationSnippets: readonly { readonly label: string; readonly description: string; readonly body: Readonly<Record<string, unknown>> }[]
}

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../package.json'), 'utf8')) as { readonly contributes: { readonly debuggers: readonly [Debugger] } }
const [ours] = manifest.contributes.debuggers
const { properties } = ours.configurationAttributes.launch

// The editor itself adds noDebug.
const FIELDS: Readonly<Record<Exclude<keyof LaunchArguments, 'noDebug'>, true>> = {
  program: true, text: true, tokenIds: true, model: true, sae: true, layers: true, precision: true, generate: true, temperature: true, topP: true, topK: true, seed: true,
  edits: true, steer: true, pins: true, stopOnEntry: true, stopAtEnd: true,
}

test('the schema has every field of a launch, each described', () => {
  expect(Object.keys(properties).sort()).toEqual(Object.keys(FIELDS).sort())
  expect(Object.entries(properties).filter(([, { markdownDescription }]) => !markdownDescription)).toEqual([])
})

test.each([...ours.initialConfigurations, ...ours.configurationSnippets.map(({ body }) => body)].map((body) => [body['name'], body] as const))('%s names only such fields', (_name, body) => {
  expect(body).toMatchObject({ type: 'promptscope', request: 'launch' })
  expect(Object.keys(body).filter((field) => !['type', 'request', 'name', ...Object.keys(FIELDS)].includes(field))).toEqual([])
})

describe('the pattern of an edit', () => {
  const pattern = new RegExp(properties['edits']!.items!.pattern!)
  it.each(['L5/500 = 0', 'L5/500 += 4 @ generated', 'L5/500 *= 0.5 @ 12-', 'L5/500*=-3', 'L0/1 = 1e3 @ 3-7,12', 'L0/1 = 2 # why'])('takes %j, as the parser does', (line) => {
    expect(pattern.test(line)).toBe(true)
    expect(parseEditLine(line).problem).toBeNull()
  })
  it.each(['L5/500', 'L5 = 0', 'suppress L5/500', 'L5/500 == 0', 'L5/500 = much'])('refuses %j, as the parser does', (line) => {
    expect(pattern.test(line)).toBe(false)
    expect(parseEditLine(line).problem).not.toBeNull()
  })
})

test('a pin and a .steer file are known by their form', () => {
  expect('L3/1021').toMatch(new RegExp(properties['pins']!.items!.pattern!))
  expect('L3').not.toMatch(new RegExp(properties['pins']!.items!.pattern!))
  expect('prompts/weaker.steer').toMatch(new RegExp(properties['steer']!.pattern!))
  expect('${input:steer}').toMatch(new RegExp(properties['steer']!.pattern!))
  expect('weaker.txt').not.toMatch(new RegExp(properties['steer']!.pattern!))
})
