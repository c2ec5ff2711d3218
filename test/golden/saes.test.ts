// Every published SAE layout, opened from its files and computed, against numpy and torch: activations, reconstruction, and what an edit adds.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSaeSet } from '../../server/checkpoint/openSaeSet'
import { readStoredTensor } from '../../server/checkpoint/storedTensor'
import { withFile } from '../../server/checkpoint/fileSource'
import { ROUNDING_HERE } from '../../server/checkpoint/roundingThreads'
import type { SaeSet } from '../../server/checkpoint/checkpoint'
import { hasCandidates } from '../../server/engine/encoding/candidateEncoder'
import { createSaeSessions, type SaeSessions } from '../../server/engine/encoding/saeSessions'
import { readSafetensors } from '../../server/formats/safetensors'

const TOLERANCE = 1e-4
const folder = join(import.meta.dirname, 'saes')

interface Facts {
  readonly layer: number
  readonly feature: number
  readonly k: number | null
  readonly baseModel: string | null
  readonly modelLayers: number | null
}

/** In float32 arithmetic over all weights, and from candidates where an SAE has them. */
const ways = { exact: {}, candidates: { cache: { folder: mkdtempSync(join(tmpdir(), 'encoders-')), freeBytes: () => Promise.resolve(1e12), startRounding: () => ROUNDING_HERE }, candidatesFrom: 0 } } as const
afterAll(() => rmSync(ways.candidates.cache.folder, { recursive: true }))

describe.each(readdirSync(folder).flatMap((name) => [[name, 'exact'], [name, 'candidates']] as const))('%s, %s', (name, way) => {
  const facts = JSON.parse(readFileSync(join(folder, name, 'facts.json'), 'utf8')) as Facts
  let set: SaeSet
  let saes: SaeSessions
  let vectors: ReadonlyMap<string, Float32Array>
  beforeAll(async () => {
    set = await openSaeSet(join(folder, name, 'set'))
    saes = createSaeSessions(set, { providers: [], threads: 1, ...ways[way] })
    vectors = await readVectors(join(folder, name, 'vectors.safetensors'))
  })
  afterAll(() => saes.release())
  const row = (vector: string, index: number) => {
    const values = vectors.get(vector)!
    const width = values.length / (vectors.get('x')!.length / set.dModel)
    return values.subarray(index * width, (index + 1) * width)
  }
  const rows = () => vectors.get('x')!.length / set.dModel

  it('tells what its files say', () => {
    expect({ layers: [...set.layers.keys()], k: set.k, baseModel: set.baseModel, modelLayers: set.modelLayers, dModel: set.dModel, dSae: set.dSae }).toEqual({
      layers: [facts.layer], k: facts.k, baseModel: facts.baseModel, modelLayers: facts.modelLayers, dModel: 16, dSae: 64,
    })
  })

  it('encodes', async () => {
    const { tops } = await saes.encode(facts.layer, vectors.get('x')!.slice())
    tops.forEach(({ features, activations }, index) => {
      const dense = new Float32Array(set.dSae)
      features.forEach((feature, i) => (dense[feature] = activations[i]!))
      expectNear(dense, row('a', index))
      expect([...activations]).toEqual([...activations].sort((a, b) => b - a))
    })
  })

  it('takes the way that it is told to where there is one', async () => {
    const { rows: before } = saes.counts
    await saes.encode(facts.layer, vectors.get('x')!.slice())
    expect(saes.counts.rows - before).toBe(way === 'candidates' && hasCandidates(set.layers.get(facts.layer)!) ? rows() : 0)
  })

  it('measures how much it leaves unexplained', async () => {
    const x = vectors.get('x')!.slice()
    const errors = await saes.reconstructionError(facts.layer, x, await saes.encode(facts.layer, x))
    errors.forEach((error, index) => {
      const residual = row('x', index)
      const left = squares(residual.map((value, i) => value - row('x_hat', index)[i]!)) / squares(residual)
      expect(Math.abs(error - left) / left).toBeLessThan(TOLERANCE)
    })
  })

  it('adds to a residual what one unit of a feature adds to its reconstruction', async () => {
    const { scales } = await saes.encode(facts.layer, vectors.get('x')!.slice())
    const direction = await saes.direction(facts.layer, facts.feature)
    for (let index = 0; index < rows(); index++) expectNear(direction.map((value) => value * scales[index]!.factor), row('unit', index))
  })
})

function expectNear(actual: Float32Array, expected: Float32Array): void {
  const scale = Math.max(...expected.map(Math.abs))
  expect(actual.length).toBe(expected.length)
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!) / scale, `at ${i}: ${value}, ${expected[i]}`).toBeLessThan(TOLERANCE))
}

const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0)

async function readVectors(file: string): Promise<ReadonlyMap<string, Float32Array>> {
  const tensors = await withFile(file, 'record the fixtures again', async (source) => (await readSafetensors(source)).tensors)
  return new Map(await Promise.all(Array.from(tensors.values(), async (tensor) => [tensor.name, await readStoredTensor({ ...tensor, file })] as const)))
}
