// The SAEs of the demo at work: which layers stay open, and what is done where there is no room or no cache.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SaeSet } from '../../../server/checkpoint/checkpoint'
import { openSaeSet } from '../../../server/checkpoint/openSaeSet'
import { ROUNDING_HERE } from '../../../server/checkpoint/roundingThreads'
import { createSaeSessions, type SaeSessionsOptions } from '../../../server/engine/encoding/saeSessions'

const folder = mkdtempSync(join(tmpdir(), 'sae-sessions-'))
afterAll(() => rmSync(folder, { recursive: true }))

let set: SaeSet
beforeAll(async () => {
  set = await openSaeSet(join(import.meta.dirname, '../../../demo/sae'))
})

const sessions = (options: Partial<SaeSessionsOptions>) => createSaeSessions(set, { providers: [], threads: 1, ...options })
const cacheIn = (name: string) => ({ folder: join(folder, name), freeBytes: () => Promise.resolve(1e12), startRounding: () => ROUNDING_HERE })

/** Rows of waves, (rows, d_model). */
const rowsOf = (rows: number) => Float32Array.from({ length: rows * set.dModel }, (_, i) => 3 * Math.sin(i * i * 0.37 + i))

it('encodes every layer as float32 arithmetic does, whichever have to go for it', async () => {
  const exact = sessions({})
  const saes = sessions({ cache: cacheIn('all'), candidatesFrom: 0, residentLimitBytes: 10_000_000 })
  for (const layer of [0, 1, 2, 3, 1, 0]) {
    const x = rowsOf(5)
    const [{ tops }, { tops: expected }] = [await saes.encode(layer, x), await exact.encode(layer, x)]
    tops.forEach(({ features, activations }, row) => {
      expect([...features]).toEqual([...expected[row]!.features])
      activations.forEach((value, i) => expect(value / expected[row]!.activations[i]!).toBeCloseTo(1, 4))
    })
    expect(saes.residentBytes).toBeLessThanOrEqual(10_000_000)
  }
  expect(saes.counts.rows).toBe(30)
  await Promise.all([exact.release(), saes.release()])
})

it('tells how far the rounding of a layer is, the first time', async () => {
  const told: number[] = []
  const options = { cache: cacheIn('told'), candidatesFrom: 0, onProgress: ({ layer, fraction }: { readonly layer: number; readonly fraction: number }) => told.push(layer, fraction) }
  const first = sessions(options)
  await first.encode(2, rowsOf(1))
  await first.release()
  expect([told[0], told.at(-1)! > 0.9]).toEqual([2, true])
  told.length = 0
  const second = sessions(options)
  await second.encode(2, rowsOf(1))
  await second.release()
  expect(told).toEqual([])
})

it('encodes many rows of a layer in passing where opening it would close another', async () => {
  const saes = sessions({ cache: cacheIn('all'), candidatesFrom: 0, residentLimitBytes: 5_000_000 })
  await saes.encode(0, rowsOf(1))
  const { residentBytes } = saes
  await saes.encode(1, rowsOf(40))
  expect([saes.residentBytes, saes.counts.rows]).toEqual([residentBytes, 1])
  await saes.encode(1, rowsOf(1))
  expect(saes.counts.rows).toBe(2)
  await saes.release()
})

it('does without candidates where they cannot be kept, or nothing is gained by them', async () => {
  writeFileSync(join(folder, 'file'), '')
  for (const options of [{ cache: cacheIn('file'), candidatesFrom: 0 }, { cache: cacheIn('all') }]) {
    const saes = sessions(options)
    expect((await saes.encode(0, rowsOf(2))).tops[1]!.features.length).toBe(32)
    expect(saes.counts.rows).toBe(0)
    await saes.release()
  }
})
