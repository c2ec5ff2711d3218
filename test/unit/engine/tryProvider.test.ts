// A provider that is tried in a process of its own: what each way of failing becomes, and that the answer is kept.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { selfTest } from '../../../server/engine/providers/providerSelfTest'
import { tryProvider } from '../../../server/engine/providers/tryProvider'

const folder = mkdtempSync(join(tmpdir(), 'promptscope-trial-'))
const libraries = join(folder, 'libraries')
mkdirSync(libraries)
afterAll(() => rmSync(folder, { recursive: true }))

/** The file of a process that does `source`, and how often it was started. */
function trial(name: string, source: string) {
  const entryFile = join(folder, `${name}.js`)
  const starts = join(folder, `${name}.starts`)
  writeFileSync(entryFile, `require('fs').appendFileSync(${JSON.stringify(starts)}, 'x')\n${source}`)
  return { entryFile, starts: () => readFileSync(starts, 'utf8').length }
}

const LONG = 60_000
const answers = (message: string): string => `process.send(${message}); setInterval(() => {}, 1000)`

describe('a provider under trial', () => {
  it('is used when it computes what the processor computes', async () => {
    const { entryFile } = trial('good', answers('{ kind: "computed", result: { decoder: 1e-6, quantised: 0.004 } }'))
    expect(await tryProvider('webgpu', libraries, { entryFile, limitMs: LONG })).toBeNull()
  })

  it.each([
    ['wrong', answers('{ kind: "computed", result: { decoder: 0.012, quantised: 0.004 } }'), LONG, 'it computes other numbers than the processor: float32 products are off by 1.2 %'],
    ['nan', answers('{ kind: "computed", result: { decoder: 1e-6, quantised: NaN } }'), LONG, 'it computes other numbers than the processor: quantised products are not numbers'],
    ['says', answers('{ kind: "failed", message: "Failed to get a WebGPU adapter: No supported adapters" }'), LONG, 'no graphics adapter was found that WebGPU can use'],
    ['segfault', "process.stderr.write('driver: bad state\\n', () => process.kill(process.pid, 'SIGSEGV'))", LONG, 'a trial of it crashed (SIGSEGV: driver: bad state)'],
    ['exits', 'process.exit(3)', LONG, 'a trial of it crashed (exit code 3)'],
    ['hangs', 'setInterval(() => {}, 1000)', 1, 'a trial of it had not ended after 0.001 s'],
  ])('is not used when it fails: %s', async (name, source, limitMs, reason) => {
    const { entryFile } = trial(name, source)
    expect(await tryProvider('webgpu', libraries, { entryFile, limitMs })).toMatchObject({ reason })
  })

  it('is not used when there is nothing to try it with', async () => {
    expect((await tryProvider('webgpu', libraries, { entryFile: '/nowhere/engine.js', limitMs: LONG }))?.reason).toBe('it could not be tried, because /nowhere/engine.js is missing')
  })

  it('is tried again only when a driver has changed', async () => {
    const { entryFile, starts } = trial('kept', answers('{ kind: "failed", message: "no" }'))
    const options = { entryFile, limitMs: LONG }
    await Promise.all([tryProvider('webgpu', libraries, options), tryProvider('webgpu', libraries, options)])
    await tryProvider('webgpu', libraries, options)
    expect(starts()).toBe(1)
    utimesSync(libraries, 1, 1)
    await tryProvider('webgpu', libraries, options)
    expect(starts()).toBe(2)
  })
})

it('the test model gives the same numbers twice on the processor', async () => {
  expect(await selfTest('cpu')).toEqual({ decoder: 0, quantised: 0 })
})
