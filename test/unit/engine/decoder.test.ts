// Running a span of the decoder's stages: stopping after a layer, going on from it, and what a skipped layer leaves alone.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Decoder } from '../../../server/engine/decoder'
import { loadModel, type RunningModel } from '../../../server/engine/loadModel'
import { NEVER } from '../../golden/engineHarness'

const LAYERS = 4
const IDS = [5, 190, 33, 7, 7, 250]

/** All logits of the first `count` rows. */
const headOf = (count: number) => ({ rows: Array.from({ length: count }, (_, row) => row), candidates: 5, targets: null, wantsLogits: true })

describe('a span of stages', () => {
  let model: RunningModel
  let decoder: Decoder
  beforeAll(async () => {
    const modelPath = join(import.meta.dirname, '../../golden/sharded/model')
    model = await loadModel({ modelPath, saePath: null, precision: 'exact', providers: [], threads: 1 }, () => {}, NEVER)
    decoder = model.decoder
  })
  afterAll(() => model.release())

  const all = { firstLayer: 0, endLayer: LAYERS, head: headOf(IDS.length), residuals: [0, 1, 2, 3], first: 0, count: IDS.length }
  const newState = () => decoder.newState()

  it('reads a layer without running the rest', async () => {
    const whole = await decoder.run({ ...all, input: { tokenIds: IDS } }, newState())
    const state = newState()
    const part = await decoder.run({ ...all, input: { tokenIds: IDS }, endLayer: 2, head: null, residuals: [1] }, state)
    expect(part.head).toBeNull()
    expect(part.residuals.get(1)).toEqual(whole.residuals.get(1))
    expect(state.kv.key(1).some((value) => value !== 0)).toBe(true)
    expect(state.kv.key(2).every((value) => value === 0)).toBe(true)
  })

  it.each([1, 2, 3, 4])('goes on from layer %i as if it had not stopped', async (middle) => {
    const wholeState = newState()
    const whole = await decoder.run({ ...all, input: { tokenIds: IDS } }, wholeState)
    const state = newState()
    const lower = await decoder.run({ ...all, input: { tokenIds: IDS }, endLayer: middle, head: null, residuals: [middle - 1] }, state)
    const upper = await decoder.run({ ...all, input: { x: lower.residuals.get(middle - 1)! }, firstLayer: middle, residuals: [] }, state)
    expect(upper.head!.logits).toEqual(whole.head!.logits)
    for (let layer = 0; layer < LAYERS; layer++) {
      expect(state.kv.key(layer)).toEqual(wholeState.kv.key(layer))
      expect(state.kv.value(layer)).toEqual(wholeState.kv.value(layer))
    }
  })

  it('starts again in the middle without touching the layers below', async () => {
    const state = newState()
    const whole = await decoder.run({ ...all, input: { tokenIds: IDS } }, state)
    const below = state.kv.key(0).slice()
    const moved = whole.residuals.get(1)!.map((value) => value + 0.5)
    const again = await decoder.run({ ...all, input: { x: moved }, firstLayer: 2, residuals: [3] }, state)
    expect(again.head!.logits).not.toEqual(whole.head!.logits)
    expect(state.kv.key(0)).toEqual(below)
    const back = await decoder.run({ ...all, input: { x: whole.residuals.get(1)! }, firstLayer: 2, residuals: [] }, state)
    expect(back.head!.logits).toEqual(whole.head!.logits)
  })

  it('reads the past that earlier spans left', async () => {
    const whole = await decoder.run({ ...all, input: { tokenIds: IDS } }, newState())
    const state = newState()
    for (const [first, count] of [[0, 3], [3, 1], [4, 2]] as const) {
      const { head } = await decoder.run({ ...all, input: { tokenIds: IDS.slice(first, first + count) }, first, count, head: headOf(count), residuals: [] }, state)
      const expected = whole.head!.logits!.subarray(first * 300, (first + count) * 300)
      head!.logits!.forEach((logit, i) => expect(logit).toBeCloseTo(expected[i]!, 4))
    }
  })
})
