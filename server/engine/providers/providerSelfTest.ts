// A small model with random weights, run on an execution provider and on the CPU: whether the provider computes the same.
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelConfig } from '../../formats/modelConfig'
import { modelTensors } from '../../formats/modelTensors'
import { rowMajorStride, type StoredTensor } from '../../formats/tensorEntry'
import { exactLinear } from '../../graph/linear'
import { modelGraph } from '../../graph/modelGraph'
import { GraphWriter, MICROSOFT } from '../../graph/onnxWriter'
import { createDecoder } from '../decoder'
import { createSession, float32Data, float32Tensor, type Session } from '../onnx'
import type { Provider } from './providers'
import type { SelfTestResult } from './tryProvider'
import { joinedArrays } from '../joinedArrays'

const CONFIG: ModelConfig = {
  architecture: 'qwen3', layers: 2, dModel: 64, heads: 4, kvHeads: 2, headDim: 32, dFfn: 128, vocabSize: 96, contextLength: 64,
  rope: { theta: 10_000, rotaryDim: 32, scaling: null }, rmsNormEps: 1e-6, tiedEmbeddings: true,
}
const PROMPT = [3, 17, 95, 0, 41]
const NEXT = 60

/** Weights lie in a file beside the graph, in bfloat16, as a checkpoint's do. Throws what the provider throws. */
export async function selfTest(provider: Provider): Promise<SelfTestResult> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'promptscope-provider-')))
  try {
    const graph = await writeModel(folder)
    const run = async (where: Provider) => ({ decoder: await decode(await open(graph, folder, where)), quantised: await multiply(await open(quantisedGraph(), folder, where)) })
    const [ours, reference] = [await run(provider), await run('cpu')]
    return { decoder: difference(ours.decoder, reference.decoder), quantised: difference(ours.quantised, reference.quantised) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const open = (graph: Uint8Array, baseFolder: string, provider: Provider): Promise<Session> => createSession(graph, { baseFolder, threads: 1 }, provider)

/** Residuals and logits of a prompt in one run and a token after it. */
async function decode(session: Session): Promise<Float32Array> {
  const decoder = createDecoder(session, CONFIG)
  const state = decoder.newState()
  const { layers } = CONFIG
  const span = { firstLayer: 0, endLayer: layers, head: { rows: [0], candidates: 1, targets: null, wantsLogits: true }, residuals: Array.from({ length: layers }, (_, layer) => layer) }
  const prompt = await decoder.run({ ...span, input: { tokenIds: PROMPT }, first: 0, count: PROMPT.length }, state)
  const next = await decoder.run({ ...span, input: { tokenIds: [NEXT] }, first: PROMPT.length, count: 1 }, state)
  await decoder.release()
  return joinedArrays([prompt, next].flatMap(({ residuals, head }) => [...residuals.values(), head!.logits!]))
}

const ROWS = 3
const WIDTH = 64

async function multiply(session: Session): Promise<Float32Array> {
  const result = await session.run({ x: float32Tensor(randomFloats(ROWS * WIDTH, 7), [ROWS, WIDTH]) }, ['y8', 'y4'])
  await session.release()
  return joinedArrays([float32Data(result['y8']), float32Data(result['y4'])])
}

/** x (3, 64) times 8-bit and 4-bit weights in blocks of 32. */
function quantisedGraph(): Uint8Array {
  const block = 32
  const graph = new GraphWriter('quantised')
  graph.input('x', 'f32', [ROWS, WIDTH])
  for (const bits of [8, 4]) {
    const blocks = WIDTH / block
    const bytes = Uint8Array.from(randomFloats((WIDTH * WIDTH * bits) / 8, bits), (value) => Math.floor((value + 1) * 127.5))
    const weights = graph.constant(`w${bits}`, 'u8', [WIDTH, blocks, (block * bits) / 8], bytes)
    const scales = graph.constant(`s${bits}`, 'f32', [WIDTH * blocks], randomFloats(WIDTH * blocks, bits + 1).map((value) => value / 2 ** bits))
    graph.node('MatMulNBits', ['x', weights, scales], { K: WIDTH, N: WIDTH, bits, block_size: block, accuracy_level: 4 }, { domain: MICROSOFT, outputs: [`y${bits}`] })
    graph.output(`y${bits}`, 'f32', [ROWS, WIDTH])
  }
  return graph.modelBytes()
}

/** The model's graph over a file that it writes. */
async function writeModel(folder: string): Promise<Uint8Array> {
  const file = join(folder, 'weights.bin')
  const tensors = new Map<string, StoredTensor>()
  const parts: Uint16Array[] = []
  let offset = 0
  for (const [name, shape] of modelTensors(CONFIG)) {
    const count = shape.reduce((product, size) => product * size, 1)
    // Norms near 1 and matrices that keep the size of what goes through them, so that every layer counts.
    const values = randomFloats(count, offset + 1).map((value) => (shape.length === 1 ? 1 + value / 4 : value / Math.sqrt(shape.at(-1)! / 3)))
    parts.push(Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16))
    tensors.set(name, { name, dtype: 'BF16', shape, stride: rowMajorStride(shape), file, offset, length: count * 2 })
    offset += count * 2
  }
  await writeFile(file, Buffer.concat(parts.map(({ buffer }) => Buffer.from(buffer))))
  return modelGraph(CONFIG, { tensor: (name) => tensors.get(name)!, location: () => 'weights.bin' }, exactLinear)
}

/** Numbers from −1 to 1, the same for the same seed. Marsaglia 2003, "Xorshift RNGs". */
function randomFloats(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0 || 1
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return ((state >>> 0) / 2 ** 31) - 1
  })
}

/** ‖a − b‖ / ‖b‖; not a number where either holds one that is not. */
function difference(a: Float32Array, b: Float32Array): number {
  const norm = (values: (index: number) => number): number => Math.sqrt(b.reduce((sum, _, index) => sum + values(index) ** 2, 0))
  return norm((index) => a[index]! - b[index]!) / norm((index) => b[index]!)
}
