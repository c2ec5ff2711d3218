// Precisions on the command line, as it ships: what each takes and costs, and what is kept on disk for them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ModelListing, QuantisedListing } from '../../../server/protocol/requests'
import type { ModelIdentity, PrecisionCost, Trace } from '../../../server/protocol/values'
import { installCli, makeModel, type InstalledCli } from './installedCli'

let cli: InstalledCli
let model: string
let cache: string
beforeAll(async () => {
  cli = await installCli()
  ;({ model } = makeModel(join(cli.scratch, 'demo')))
  cache = join(cli.scratch, 'cache')
})
afterAll(() => cli.remove())

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => cli.run(args, { env: { PROMPTSCOPE_CACHE: cache, ...env } })
async function json<Value>(...args: string[]): Promise<Value> {
  const { code, stdout, stderr } = await run([...args, '--json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Value
}

// In order: each finds what those before it kept.
describe('a precision', () => {
  it('is used by name, or chosen by the memory that is free', async () => {
    expect((await json<Trace>('trace', '--text', 'Hi', '--precision', 'q8')).model.precision).toBe('q8')
    const { stdout, stderr } = await run(['trace', '--text', 'Hi', '--precision', 'auto', '--json'])
    expect((JSON.parse(stdout) as Trace).model.precision).toBe('exact')
    expect(stderr).toMatch(/^promptscope: precision auto takes exact, with .* of memory free\n$/)
  })

  it('says that features at 4 bits are approximate', async () => {
    const { stdout, stderr } = await run(['trace', '--text', 'Hi', '--precision', 'q4'])
    expect(stdout).toContain('precision q4 (approximate), on cpu')
    expect(stderr).toContain('at precision q4 features are approximate')
  })

  it('is measured once, kept, and shown by models and cache', async () => {
    const cost = await json<PrecisionCost & { readonly model: ModelIdentity }>('precision', '--precision', 'q8')
    expect(cost).toMatchObject({ precision: 'q8', model: { path: model, precision: 'q8' }, sae: join(cli.scratch, 'demo/sae') })
    expect(cost.residualError).toHaveLength(3)
    expect(cost.features.map(({ layer }) => layer)).toEqual([0, 1, 2])
    for (const share of [...cost.features.map(({ kept }) => kept), cost.sameToken]) expect(share).toBeLessThanOrEqual(1)
    const listed = (await json<ModelListing[]>('models')).find(({ path }) => path === model)!.precisions
    const kept = { precision: cost.precision, tokens: cost.tokens, residualError: cost.residualError, features: cost.features, sae: cost.sae, sameToken: cost.sameToken }
    expect(listed.map(({ stored }) => stored?.cost ?? null)).toEqual([null, kept, null])
    expect((await json<QuantisedListing>('cache')).entries.map(({ precision, cost: of }) => [precision, of])).toContainEqual(['q8', kept])
  })

  it('is drawn for people, layer by layer', async () => {
    const { stdout } = await run(['precision'])
    expect(stdout).toMatch(/^What q8 costs against exact .*\n {2}L0 .* off {3}keeps .* % of the top features\n {2}L1 .*\n {2}L2 .*\n {2}the likeliest next token is the same on .* % of \d+ tokens\n/)
  })

  it.each([
    [['precision', '--precision', 'exact'], '--precision takes q8, q4, not "exact"'],
    [['precision', 'model'], 'precision takes no model; name the model with --model'],
    [['trace', '--text', 'a', '--precision', 'q2'], '--precision takes exact, q8, q4, auto, not "q2"'],
    [['cache', 'empty'], 'cache takes list, verify, remove, clear, not empty'],
    [['cache', 'clear', 'demo'], 'cache clear takes no demo'],
    [['cache', 'remove'], 'cache remove takes the name of an entry, as cache list shows it'],
  ])('promptscope %j is wrong usage', async (args, message) => {
    const { code, stderr } = await run(args)
    expect(code).toBe(2)
    expect(stderr).toContain(`promptscope: ${message}\n`)
  })
})

describe('the cache', () => {
  const entries = async () => (await json<QuantisedListing>('cache')).entries
  const idOf = (folder: string): string => folder.split('/').at(-1)!

  it('is listed with sizes, models and what was measured', async () => {
    const { stdout } = await run(['cache', 'list'])
    expect(stdout).toMatch(/^\S+-q[48]-[0-9a-f]+ {2}\d+ kB {2}q[48], last used \d{4}-\d\d-\d\d \d\d:\d\d\n {2}of .*model\n/m)
    expect(stdout).toMatch(/keeps .* % of the top features, residuals off by .* %, same next token on .* %/)
  })

  it('is verified, and names what is damaged', async () => {
    expect(await json('cache', 'verify')).toEqual(expect.arrayContaining([expect.objectContaining({ isWhole: true })]))
    const { folder } = (await entries()).find(({ precision }) => precision === 'q4')!
    const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.safetensors'))!)
    const bytes = readFileSync(file)
    bytes.write('damaged', bytes.length - 100)
    writeFileSync(file, bytes)
    const { code, stderr } = await run(['cache', 'verify', idOf(folder)])
    expect(code).toBe(1)
    expect(stderr).toBe(`promptscope: entry ${idOf(folder)} is damaged; delete it with: promptscope cache remove ${idOf(folder)}; its next use writes it again\n`)
  })

  it('gives an entry up by its name or the beginning of it, and asks first', async () => {
    const { folder } = (await entries()).find(({ precision }) => precision === 'q4')!
    expect((await run(['cache', 'remove', idOf(folder)])).stderr).toBe('promptscope: cache waits for a yes, and there is nobody to ask; add --yes to the command\n')
    expect((await run(['cache', 'remove', 'nosuch', '--yes'])).stderr).toMatch(/^promptscope: entry nosuch is not in .*; see what is with: promptscope cache list\n$/)
    expect(await json('cache', 'remove', idOf(folder).slice(0, -4), '--yes')).toMatchObject({ removed: [idOf(folder)] })
    expect((await entries()).map(({ precision }) => precision)).not.toContain('q4')
    expect((await json<{ readonly removed: readonly string[] }>('cache', 'clear', '--yes')).removed).not.toEqual([])
    expect((await run(['cache'])).stdout).toMatch(/^No quantised weights are kept in /)
  })

  it('says in one line when it cannot be written to, or its limit is no number', async () => {
    const file = join(cli.scratch, 'a file')
    writeFileSync(file, '')
    const refused = await run(['trace', '--text', 'a', '--precision', 'q8'], { PROMPTSCOPE_CACHE: file })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^promptscope: cache folder .*a file.* cannot be written to \(\w+\); name another folder in PROMPTSCOPE_CACHE\n$/)
    const wrong = await run(['trace', '--text', 'a', '--precision', 'q8'], { PROMPTSCOPE_CACHE_LIMIT: 'much' })
    expect(wrong.stderr).toBe('promptscope: PROMPTSCOPE_CACHE_LIMIT is "much", which is no number of gigabytes; write for example 20\n')
  })
})
