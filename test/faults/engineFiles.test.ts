// Weight files that change under a running engine: a clear sentence, and the engine goes on.
import { copyFileSync, cpSync, mkdtempSync, realpathSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngineCore } from '../../server/engine/engineCore'
import { float32Tensor, openSession } from '../../server/engine/onnx'
import { GraphWriter } from '../../server/graph/onnxWriter'
import { InputError } from '../../server/protocol/errors'
import { generate, loadGolden } from '../golden/engineHarness'
import { readGolden } from '../golden/goldenFiles'

const golden = await readGolden('tied')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'engine-files-')))
const copy = { modelPath: join(folder, 'model'), saePath: join(folder, 'sae') }
const layerFile = (root: string) => join(root, 'layer1.sae.pt')

describe('an SAE file that became shorter after it was opened', () => {
  const engine = createEngineCore()
  beforeAll(async () => {
    cpSync(golden.modelPath, copy.modelPath, { recursive: true })
    cpSync(golden.saePath, copy.saePath, { recursive: true })
    await loadGolden(engine, copy)
    truncateSync(layerFile(copy.saePath), 600)
  })
  afterAll(async () => {
    await engine.dispose()
    rmSync(folder, { recursive: true })
  })

  it('is named in one line', async () => {
    const error: unknown = await generate(engine, { promptIds: [1, 2, 3], generate: 2, layers: [1] }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).line).toMatch(/^SAE \S+layer1\.sae\.pt cannot be loaded \(.+\); check that the file is complete$/)
  })

  it('does not stop runs that do not need it', async () => {
    expect((await generate(engine, { promptIds: [1, 2, 3], generate: 2, layers: [0, 2] })).tokens).toHaveLength(5)
  })

  it('is read again when it is whole again', async () => {
    copyFileSync(layerFile(golden.saePath), layerFile(copy.saePath))
    const result = await generate(engine, { promptIds: [1, 2, 3], generate: 2, layers: [1] })
    expect(result.tokens.at(-1)!.features[1]!.length).toBeGreaterThan(0)
  })
})

it('a model that cannot be loaded leaves no half-loaded one behind', async () => {
  const engine = createEngineCore()
  await loadGolden(engine, golden)
  await expect(loadGolden(engine, { modelPath: '/nowhere', saePath: null })).rejects.toBeInstanceOf(InputError)
  await expect(generate(engine, { promptIds: [1] })).rejects.toThrow('no model is loaded')
  await loadGolden(engine, golden)
  expect((await generate(engine, { promptIds: [1] })).tokens).toHaveLength(1)
  await engine.dispose()
})

it("the runtime's own errors arrive in one line", async () => {
  const graph = new GraphWriter('add')
  graph.input('x', 'f32', ['N'])
  graph.input('y', 'f32', ['M'])
  graph.node('Add', ['x', 'y'], {}, { outputs: ['z'] })
  graph.output('z', 'f32', ['K'])
  const { session } = await openSession(graph.modelBytes(), { baseFolder: '/', providers: [], threads: 1 })
  const run = session.run({ x: float32Tensor(new Float32Array(2), [2]), y: float32Tensor(new Float32Array(3), [3]) }, ['z'])
  const error: unknown = await run.catch((reason: unknown) => reason)
  expect((error as Error).message).toMatch(/^onnx runtime stopped: .*broadcast.*$/)
})
