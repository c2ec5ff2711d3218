// The engine in its process answers as the engine core does, streams while it computes, and leaves its caller free meanwhile.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../server/engine/engine'
import { createEngineCore } from '../../server/engine/engineCore'
import { createEngineProcess } from '../../server/engine/process/engineProcess'
import { CancelledError, InputError, NonFiniteError } from '../../server/protocol/errors'
import { bundleEngine, type BundledEngine } from './bundledEngine'
import { generate, loadGolden, NEVER, type Generated } from './engineHarness'
import { readGolden } from './goldenFiles'

const golden = await readGolden('tied')

describe('the engine in its process', () => {
  let bundle: BundledEngine
  let engine: Engine
  const core = createEngineCore()
  beforeAll(async () => {
    bundle = await bundleEngine("import './server/engine/process/engineEntry'")
    engine = createEngineProcess(bundle.entryFile)
    await Promise.all([loadGolden(core, golden), loadGolden(engine, golden)])
  })
  afterAll(async () => {
    await engine.dispose()
    await core.dispose()
    bundle.remove()
  })

  it.each(golden.cases.filter(({ promptLength }) => promptLength === 70).map((c) => [c.name, c] as const))('gives the core\'s answer for %s', async (_, c) => {
    const request = { promptIds: c.ids.slice(0, 70), generate: 12, edits: c.edits, layers: golden.saeLayers, capture: { logits: true, residualLayers: [2] } }
    const { tokens, ...rest } = withoutTimes(await generate(core, request))
    expect(withoutTimes(await generate(engine, request))).toEqual({ ...rest, tokens: close(tokens) })
  })

  it('leaves the calling process free while it computes', async () => {
    let turns = 0
    const count = setInterval(() => turns++, 1)
    await generate(engine, { promptIds: golden.cases[0]!.ids, generate: 100, sampling: { temperature: 2, topP: 1, topK: 0, seed: 5 } })
    clearInterval(count)
    expect(turns).toBeGreaterThan(2)
  })

  it('cancels a run that is under way', async () => {
    const controller = new AbortController()
    const run = generate(engine, { promptIds: [4, 5], generate: 250, sampling: { temperature: 2, topP: 1, topK: 0, seed: 6 } }, controller.signal, ({ index }) => index === 3 && controller.abort())
    await expect(run).rejects.toBeInstanceOf(CancelledError)
    await expect(generate(engine, { promptIds: [4] }, AbortSignal.abort())).rejects.toBeInstanceOf(CancelledError)
    expect((await generate(engine, { promptIds: [4, 5] })).tokens).toHaveLength(2)
  })

  it('delivers what a cancelled run has computed, and goes on from there', async () => {
    const sampling = { temperature: 2, topP: 1, topK: 0, seed: 7 }
    const promptIds = [9, 8, 7]
    const controller = new AbortController()
    const said: number[] = []
    const run = generate(engine, { promptIds, generate: 250, sampling }, controller.signal, ({ index, id }) => {
      if (index >= promptIds.length) said.push(id)
      if (index === 20) controller.abort()
    })
    await expect(run).rejects.toBeInstanceOf(CancelledError)
    expect(said.length).toBeGreaterThanOrEqual(18)
    const rest = await generate(engine, { promptIds, givenIds: said, generate: 5, sampling, reportFrom: 3 + said.length })
    expect(rest.reusedTokens).toBe(3 + said.length)
    expect([...said, ...rest.ids]).toEqual((await generate(core, { promptIds, generate: said.length + 5, sampling })).ids.slice(3))
  })

  it('looks into a token as the core does', async () => {
    const { ids } = golden.cases.find(({ name }) => name === '9/plain')!
    const request = { tokenIds: ids, promptLength: 9, edits: [], layers: [0, 1, 2], top: 8, reconstructionLayers: [1], lensLayers: [0, 2], candidates: 4, residualLayers: [1] }
    const { residuals, ...seen } = await engine.inspect(request, NEVER)
    const expected = await core.inspect(request, NEVER)
    expect(seen).toEqual(close({ layers: expected.layers, next: expected.next, lens: expected.lens }))
    expect(residuals[1]).toBeInstanceOf(Float32Array)
    residuals[1]!.forEach((value, i) => expect(value).toBeCloseTo(expected.residuals[1]![i]!, 4))
    await expect(engine.inspect({ ...request, lensLayers: [7] }, NEVER)).rejects.toMatchObject({ message: 'layer 7 is not in the model' })
  })

  it('says at which token and in which layer values stopped being numbers', async () => {
    const edit = { feature: { layer: 1, feature: 2 }, operation: { kind: 'add', value: 3e38 }, positions: { kind: 'ranges', ranges: [[3, 3]] } } as const
    const error: unknown = await generate(engine, { promptIds: [5, 6, 7, 8, 9], edits: [edit, edit] }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(NonFiniteError)
    expect(error).toMatchObject({ position: 3, layer: 1 })
  })

  it('passes bad input on as it is', async () => {
    const error: unknown = await generate(engine, { promptIds: [1000] }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).line).toBe('token id 1000 at position 0 is outside the vocabulary; use ids from 0 to 299')
  })

  it('reports load progress and memory', async () => {
    const messages: string[] = []
    await engine.load({ modelPath: golden.modelPath, saePath: null, precision: 'exact', providers: [], threads: null }, ({ message }) => messages.push(message), NEVER)
    expect(messages.at(-1)).toBe('ready')
    expect((await engine.memory()).processBytes).toBeGreaterThan(1e6)
    await engine.unload()
    await expect(generate(engine, { promptIds: [1] })).rejects.toThrow('no model is loaded')
    await loadGolden(engine, golden)
  })
})

/** Numbers within the last bits: tokens are encoded together as time allows, and a product over other rows may add up in another order. */
function close<Value>(value: Value): Value {
  if (typeof value === 'number') return expect.closeTo(value, 4) as Value
  if (Array.isArray(value)) return value.map(close) as Value
  return value !== null && typeof value === 'object' ? (Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, close(inner)])) as Value) : value
}

function withoutTimes(result: Generated): Generated {
  return { ...result, prefillMs: 0, decodeMsPerToken: 0 }
}
