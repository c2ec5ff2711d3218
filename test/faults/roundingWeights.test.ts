// Rounding weights in threads, and in a process that is killed in the middle of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verifyQuantised } from '../../server/checkpoint/quantisedEntries'
import { startRounding } from '../../server/checkpoint/roundingThreads'
import { bundleEngine, type BundledEngine } from '../golden/bundledEngine'
import { MATRICES, NEVER, newFixture, round, roundingOneByOne } from '../unit/checkpoint/quantisedFixture'

let thread: BundledEngine
let dying: BundledEngine
let writer: BundledEngine
beforeAll(async () => {
  thread = await bundleEngine(`import './server/checkpoint/roundingThread'`)
  dying = await bundleEngine(`import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3))`)
  writer = await bundleEngine(`
    import { openCheckpoint } from './server/checkpoint/openCheckpoint'
    import { quantisedWeights } from './server/checkpoint/quantisedCache'
    import { GROUPS, NEVER, roundingOneByOne } from './test/unit/checkpoint/quantisedFixture'
    const [model, folder] = process.argv.slice(2)
    const rounding = roundingOneByOne((piece) => piece < 3 ? undefined : new Promise(() => { process.stdout.write('three are there'); setInterval(() => {}, 1000) }))
    void openCheckpoint(model).then((checkpoint) => quantisedWeights(checkpoint, GROUPS, 'q8', { folder, freeBytes: async () => 1e12, startRounding: () => rounding }, () => {}, NEVER))
  `)
})
afterAll(() => [thread, dying, writer].forEach((bundle) => bundle.remove()))

it('gives the same bytes in threads as without', async () => {
  const fixture = await newFixture()
  const here = await readFile((await round(fixture)).file)
  const threads = await round({ ...fixture, cache: { ...fixture.cache, folder: join(fixture.folder, 'threads'), startRounding: () => startRounding(thread.entryFile, 3) } })
  expect(await readFile(threads.file)).toEqual(here)
})

it('passes on what a thread says of the disk', async () => {
  const rounding = startRounding(thread.entryFile, 1)
  const { model, folder } = await newFixture()
  const { file, dtype, offset } = model.tensors.get(MATRICES[0]!)!
  const from = { file, dtype, columns: 8, offset, length: 64 }
  await expect(rounding.round({ from, to: { file: join(folder, 'missing'), codesOffset: 0, scalesOffset: 0 }, quantisation: { bits: 8, block: 32 } })).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(rounding.round({ from: { ...from, file: join(folder, 'gone') }, to: { file, codesOffset: 0, scalesOffset: 0 }, quantisation: { bits: 8, block: 32 } })).rejects.toMatchObject({ name: 'InputError' })
  await rounding.close()
})

it('ends with an error when a thread dies, and goes on the next time', async () => {
  const fixture = await newFixture({ startRounding: () => startRounding(dying.entryFile, 2) })
  await expect(round(fixture)).rejects.toThrow('a rounding thread stopped (exit code 3)')
  expect((await round({ ...fixture, cache: { ...fixture.cache, startRounding: () => startRounding(thread.entryFile, 2) } })).isNew).toBe(true)
})

it('goes on where a process was killed', async () => {
  const fixture = await newFixture()
  const killed = spawn(process.execPath, [writer.entryFile, fixture.model.path, fixture.cache.folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(killed.stdout, 'data')
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const resumed = roundingOneByOne(() => {})
  const { file } = await round({ ...fixture, cache: { ...fixture.cache, startRounding: () => resumed } })
  expect(resumed.pieces()).toBe(MATRICES.length - 3)
  expect(await verifyQuantised(dirname(file), () => {}, NEVER)).toBe(true)
})
