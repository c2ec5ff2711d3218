// docs/debugging.md names everything that the debugger has: launch fields, exception filters, scopes.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { EXCEPTION_FILTERS } from '../../../server/debug/dap/exceptionFilters'
import { SCOPES } from '../../../server/debug/dap/variables/scopes'

const root = resolve(import.meta.dirname, '../../..')
const guide = readFileSync(resolve(root, 'docs/debugging.md'), 'utf8')
const section = (title: string): string => new RegExp(`^#+ ${title}$([\\s\\S]*?)^## `, 'm').exec(guide)![1]!
const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { contributes: { debuggers: [{ configurationAttributes: { launch: { properties: object } } }] } }

it('names every field of a launch, and no other', () => {
  const rows = [...section('launch\\.json').matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, names]) => names!.split(', ').map((name) => name.replaceAll('`', '')))
  expect(rows.sort()).toEqual(Object.keys(manifest.contributes.debuggers[0].configurationAttributes.launch.properties).sort())
})
it('has a rule for every exception filter', () => {
  const rows = [...section('Exception filters').matchAll(/^\| \*\*(.*?)\*\* \|/gm)].map(([, label]) => label)
  expect(rows).toEqual(EXCEPTION_FILTERS.map(({ label }) => label))
})
it('explains every scope', () => {
  const rows = [...section('What is shown').matchAll(/^\| \*\*(.*?)\*\* \|/gm)].map(([, name]) => name)
  expect(rows).toEqual(SCOPES.map(({ name }) => name))
})
