// The cache of rounded weights: written once, gone on with where it was, trusted only as far as it was checked.
import { cp, mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { findQuantised, listQuantised, removeQuantised, trimQuantised, verifyQuantised } from '../../../server/checkpoint/quantisedEntries'
import { CancelledError, InputError } from '../../../server/protocol/errors'
import { MATRICES, NEVER, newFixture, round, roundingOneByOne, type Fixture } from './quantisedFixture'

const isIntact = (file: string): Promise<boolean> => verifyQuantised(dirname(file), () => {}, NEVER)

describe('writing', () => {
  it('happens once, with progress from nothing to all', async () => {
    const fixture = await newFixture()
    const told: number[][] = []
    const first = await round(fixture, { onBytes: (done, total) => told.push([done, total]) })
    expect(first.isNew).toBe(true)
    expect(told[0]![0]).toBe(0)
    expect(told).toHaveLength(MATRICES.length + 1)
    // The header is the rest.
    expect(told.at(-1)![0]).toBe(first.layout.fileBytes - first.layout.header().length)
    const again = await round(fixture, { onBytes: () => expect.unreachable('nothing is to be written') })
    expect(again).toMatchObject({ isNew: false, file: first.file })
    expect(await isIntact(first.file)).toBe(true)
    expect(await readdir(dirname(first.file))).toEqual(['weights.safetensors'])
  })

  it('keeps each precision in a file of its own', async () => {
    const fixture = await newFixture()
    const [q8, q4] = [await round(fixture), await round(fixture, { precision: 'q4' })]
    expect(q4.file).not.toBe(q8.file)
    expect(q4.layout.fileBytes).toBeLessThan(q8.layout.fileBytes)
    expect((await round(fixture)).isNew).toBe(false)
  })

  it.each([0, 3, 6])('goes on after a cancel at piece %i', async (stop) => {
    const controller = new AbortController()
    const cancelled = roundingOneByOne((piece) => {
      if (piece === stop) controller.abort()
    })
    const fixture = await newFixture({ startRounding: () => cancelled })
    if (stop < MATRICES.length - 1) await expect(round(fixture, { signal: controller.signal })).rejects.toThrow(CancelledError)
    else await round(fixture, { signal: controller.signal })

    const resumed = roundingOneByOne(() => {})
    const { file } = await round({ ...fixture, cache: { ...fixture.cache, startRounding: () => resumed } })
    // The piece that was under way when it was cancelled has been finished.
    expect(resumed.pieces()).toBe(MATRICES.length - stop - 1)
    expect(await isIntact(file)).toBe(true)
    expect(await weightsIn(file)).toEqual(await weightsIn((await round(await sameModelElsewhere({ ...fixture, cache: { ...fixture.cache, startRounding: () => roundingOneByOne(() => {}) } }))).file))
  })

  it('rounds again what was damaged in the meantime', async () => {
    const fixture = await newFixture({ startRounding: () => roundingOneByOne((piece) => { if (piece === 4) throw new Error('crash') }) })
    await expect(round(fixture)).rejects.toThrow('crash')
    const [entry] = await listQuantised(fixture.cache)
    const partial = join(entry!.folder, 'weights.safetensors.partial')
    const bytes = await readFile(partial)
    const { layout } = await layoutOf(fixture)
    bytes[layout.pieces[1]!.codes.offset]! ^= 1
    await writeFile(partial, bytes)
    // A line that was cut off by the crash.
    const journal = join(entry!.folder, 'weights.safetensors.journal')
    await writeFile(journal, (await readFile(journal, 'utf8')).slice(0, -5))

    const resumed = roundingOneByOne(() => {})
    const { file } = await round({ ...fixture, cache: { ...fixture.cache, startRounding: () => resumed } })
    expect(resumed.pieces()).toBe(MATRICES.length - 2)
    expect(await isIntact(file)).toBe(true)
  })

  it('is done by one of two that want it', async () => {
    let isFirstAtWork: () => void
    const atWork = new Promise<void>((resolve) => (isFirstAtWork = resolve))
    let letFirstGoOn: () => void
    const goOn = new Promise<void>((resolve) => (letFirstGoOn = resolve))
    const first = roundingOneByOne((piece) => {
      isFirstAtWork()
      return piece === 2 ? goOn : undefined
    })
    const fixture = await newFixture({ startRounding: () => first })
    const one = round(fixture)
    await atWork
    const other = round({ ...fixture, cache: { ...fixture.cache, startRounding: () => expect.unreachable('the first has it') } }, { onBytes: () => letFirstGoOn() })
    expect([(await one).isNew, (await other).isNew]).toEqual([true, false])
    expect((await one).file).toBe((await other).file)
  })

  it('takes over from a process that is gone', async () => {
    const fixture = await newFixture()
    const { file } = await round(fixture)
    await rm(file)
    await writeFile(`${file}.lock`, JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1 }))
    expect((await round(fixture)).isNew).toBe(true)
    await rm(file)
    // One whose machine has slept for an hour.
    await writeFile(`${file}.lock`, JSON.stringify({ host: 'another', pid: 1 }))
    await utimes(`${file}.lock`, new Date(), new Date(Date.now() - 3_600_000))
    expect((await round(fixture)).isNew).toBe(true)
  })

  it('waits for another no longer than it is wanted', async () => {
    const fixture = await newFixture()
    const { file } = await round(fixture)
    await rm(file)
    await writeFile(`${file}.lock`, JSON.stringify({ host: 'another', pid: 1 }))
    const controller = new AbortController()
    await expect(round(fixture, { signal: controller.signal, onBytes: () => controller.abort() })).rejects.toThrow(CancelledError)
  })
})

describe('a file in the cache', () => {
  const damages: readonly (readonly [string, (file: string) => Promise<void>])[] = [
    ['is cut off', async (file) => truncate(file, (await stat(file)).size - 1)],
    ['is longer', async (file) => truncate(file, (await stat(file)).size + 1)],
    ['is empty', (file) => writeFile(file, '')],
    ['is something else', (file) => writeFile(file, 'hello, world')],
    ['has another header', (file) => replaceIn(file, '"columns":"', '"columns":"9')],
    ['was never finished', (file) => replaceIn(file, /"checksums":"\w+"/, (found) => found.replace(/:"\w+/, (digits) => digits.replace(/\w/g, '0')))],
  ]

  it.each(damages)('is written anew when it %s', async (_, damage) => {
    const fixture = await newFixture()
    const { file } = await round(fixture)
    const good = await readFile(file)
    await damage(file)
    expect((await round(fixture)).isNew).toBe(true)
    expect(await readFile(file)).toEqual(good)
  })

  it('is found damaged by its checksums, whichever byte it is', async () => {
    const fixture = await newFixture()
    const { file, layout } = await round(fixture)
    const good = await readFile(file)
    const told: number[] = []
    expect(await verifyQuantised(dirname(file), (done, total) => told.push(done / total), NEVER)).toBe(true)
    expect(told.at(-1)).toBeGreaterThan(0.5)
    for (const range of [layout.matrices[0]!.codes, layout.matrices[3]!.scales, layout.matrices.at(-1)!.scales]) {
      const bytes = Buffer.from(good)
      bytes[range.offset + range.length - 1]! ^= 0x10
      await writeFile(file, bytes)
      expect(await isIntact(file)).toBe(false)
    }
  })

  it('belongs to the weights as they were', async () => {
    const fixture = await newFixture()
    const before = await round(fixture)
    const shard = join(fixture.model.path, 'model-00001-of-00002.safetensors')
    const bytes = await readFile(shard)
    bytes[bytes.length - 3]! ^= 1
    const { mtime } = await stat(shard)
    await writeFile(shard, bytes)
    await utimes(shard, mtime, mtime)
    const model = await openCheckpoint(fixture.model.path)
    expect(await findQuantised(model, 'q8', fixture.cache)).toBeNull()
    const after = await round({ ...fixture, model })
    expect(after.isNew).toBe(true)
    expect(after.file).not.toBe(before.file)
  })

  it('is not made of weights that change meanwhile', async () => {
    const fixture = await newFixture({ startRounding: () => roundingOneByOne(async (piece) => { if (piece === 3) await utimes(join(fixture.model.path, 'model-00001-of-00002.safetensors'), 1, 1) }) })
    expect(await refusal(round(fixture))).toContain('was changed while the q8 weights of tiny were made of it')
    expect(await listQuantised(fixture.cache)).toEqual([])
  })
})

describe('a disk', () => {
  it('that has too little room is told with numbers, before anything is written', async () => {
    const fixture = await newFixture({ freeBytes: async () => 1000 })
    expect(await refusal(round(fixture))).toMatch(/^cache folder .* has 1 kB free, and the q8 weights of tiny need \d+ kB$/)
  })

  it('that fills up keeps what was written for the next time', async () => {
    const full = roundingOneByOne((piece) => {
      if (piece === 3) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    })
    const fixture = await newFixture({ startRounding: () => full })
    expect(await refusal(round(fixture))).toContain('has no room left (ENOSPC)')
    const resumed = roundingOneByOne(() => {})
    await round({ ...fixture, cache: { ...fixture.cache, startRounding: () => resumed } })
    expect(resumed.pieces()).toBe(MATRICES.length - 3)
  })

  it('that needs room only for what is missing lets it be written', async () => {
    const { layout } = await layoutOf(await newFixture())
    const stopped = roundingOneByOne((piece) => { if (piece === 6) throw new Error('crash') })
    const fixture = await newFixture({ startRounding: () => stopped })
    await expect(round(fixture)).rejects.toThrow('crash')
    const room = layout.header().length * 2 + layout.matrices.at(-1)!.codes.length + layout.matrices.at(-1)!.scales.length
    expect(room).toBeLessThan(layout.fileBytes)
    expect((await round({ ...fixture, cache: { ...fixture.cache, startRounding: () => roundingOneByOne(() => {}), freeBytes: async () => room } })).isNew).toBe(true)
  })

  it('where the cache is a file is refused', async () => {
    const fixture = await newFixture()
    await writeFile(fixture.cache.folder, '')
    expect(await refusal(round(fixture))).toContain('cannot be written to')
  })
})

describe('the entries', () => {
  it('are listed with what they are, and found by checkpoint and precision', async () => {
    const fixture = await newFixture()
    expect(await listQuantised(fixture.cache)).toEqual([])
    const [q8, q4] = [await round(fixture), await round(fixture, { precision: 'q4' })]
    await utimes(q8.file, new Date(), new Date(Date.now() - 60_000))
    const [first, second] = await listQuantised(fixture.cache)
    expect(first).toMatchObject({ folder: dirname(q4.file), kind: 'weights', model: fixture.model.path, name: 'tiny', precision: 'q4', bytes: q4.layout.fileBytes, isComplete: true })
    expect(second).toMatchObject({ folder: dirname(q8.file), precision: 'q8' })
    expect(await findQuantised(fixture.model, 'q8', fixture.cache)).toMatchObject({ folder: dirname(q8.file), bytes: q8.layout.fileBytes })
    // Opening uses it.
    await round(fixture)
    expect((await listQuantised(fixture.cache))[0]!.precision).toBe('q8')
  })

  it('that are not finished, or not ours, are listed as such', async () => {
    const fixture = await newFixture({ startRounding: () => roundingOneByOne((piece) => { if (piece === 2) throw new Error('crash') }) })
    await expect(round(fixture)).rejects.toThrow('crash')
    await mkdir(join(fixture.cache.folder, 'foreign'))
    await writeFile(join(fixture.cache.folder, 'foreign', 'weights.safetensors'), 'hello, world')
    await mkdir(join(fixture.cache.folder, 'nothing'))
    const entries = await listQuantised(fixture.cache)
    expect(entries.map(({ kind, name, isComplete }) => [kind, name, isComplete]).sort()).toEqual([['damaged', 'foreign', false], ['weights', 'tiny', false]])
    expect(await findQuantised(fixture.model, 'q8', fixture.cache)).toBeNull()
    expect(await verifyQuantised(entries[0]!.folder, () => {}, NEVER)).toBe(false)
  })

  it('are removed whole, and only they', async () => {
    const fixture = await newFixture()
    const { file, layout } = await round(fixture)
    await writeFile(join(dirname(file), 'cost.json'), '{}')
    await expect(removeQuantised(fixture.cache, fixture.folder)).rejects.toThrow(RangeError)
    await expect(removeQuantised(fixture.cache, join(fixture.cache.folder, '..', 'tiny'))).rejects.toThrow(RangeError)
    expect(await removeQuantised(fixture.cache, dirname(file))).toBe(layout.fileBytes)
    expect(await readdir(fixture.cache.folder)).toEqual([])
    expect((await openCheckpoint(fixture.model.path)).parameters).toBe(fixture.model.parameters)
  })

  it('stay while they are written', async () => {
    const removals: string[] = []
    const fixture = await newFixture({
      startRounding: () => roundingOneByOne(async () => {
        const [entry] = await listQuantised(fixture.cache)
        removals.push(await refusal(removeQuantised(fixture.cache, entry!.folder)))
      }),
    })
    const { file } = await round(fixture)
    expect(removals[0]).toContain('is being written')
    expect(await isIntact(file)).toBe(true)
  })

  it('make room for each other, those unused for longest first', async () => {
    const fixture = await newFixture()
    const other = await sameModelElsewhere(fixture)
    const files = [await round(fixture), await round(fixture, { precision: 'q4' }), await round(other)]
    for (const [i, { file }] of files.entries()) await utimes(file, new Date(), new Date(Date.now() - 1000 * (10 - i)))
    const [q8, q4, last] = files.map(({ layout }) => layout.fileBytes) as [number, number, number]
    const left = async () => (await listQuantised(fixture.cache)).map(({ folder }) => files.findIndex(({ file }) => dirname(file) === folder)).sort()
    await trimQuantised(fixture.cache, q8 + q4 + last)
    expect(await left()).toEqual([0, 1, 2])
    await trimQuantised(fixture.cache, q4 + last)
    expect(await left()).toEqual([1, 2])
    await trimQuantised(fixture.cache, 0, dirname(files[1]!.file))
    expect(await left()).toEqual([1])
  })
})

/** What the user is told. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason)
  if (!(error instanceof InputError)) throw new Error('nothing was refused', { cause: error })
  return error.message
}

/** All but the header. */
async function weightsIn(file: string): Promise<Buffer> {
  const bytes = await readFile(file)
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE()))
}

/** The same weights in another folder, with the same cache. */
async function sameModelElsewhere({ folder, model, cache }: Fixture): Promise<Fixture> {
  const path = join(folder, 'other')
  await cp(model.path, path, { recursive: true })
  return { folder, model: await openCheckpoint(path), cache }
}

async function layoutOf(fixture: Fixture) {
  const other = { ...fixture, cache: { ...fixture.cache, folder: join(fixture.folder, 'another cache'), startRounding: () => roundingOneByOne(() => {}) } }
  return round(other)
}

async function replaceIn(file: string, what: string | RegExp, by: string | ((found: string) => string)): Promise<void> {
  const text = await readFile(file, 'latin1')
  const changed = text.replace(what, by as string)
  expect(changed).not.toBe(text)
  await writeFile(file, changed, 'latin1')
}
