// Each of Qwen-Scope's seven backbones, and three decoders of other families, at full size: real names and shapes in files of holes, a graph over them, and ONNX Runtime accepts it.
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { weightFolder } from '../../../server/engine/baseFolder'
import { parseModelConfig, type ModelConfig } from '../../../server/formats/modelConfig'
import { modelTensors } from '../../../server/formats/modelTensors'
import { exactLinear } from '../../../server/graph/linear'
import { modelGraph } from '../../../server/graph/modelGraph'
import { BACKBONES, type Backbone } from './backbones'
import { DENSE_DECODERS } from './denseDecoders'

/** ONNX Runtime takes a minute or two over the thousands of branches of all expert layers: those are for `npm run check:shapes`. */
const EXPERT_LAYERS = 4
const everyLayer = process.env['PROMPTSCOPE_EVERY_LAYER'] === '1'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'promptscope-full-size-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each([...BACKBONES, ...DENSE_DECODERS])('$name', (backbone) => {
  it('has the published number of parameters and tensors', async () => {
    const path = join(folder, backbone.name)
    expect(writeHollowCheckpoint(path, backbone)).toBe(backbone.tensors)
    expect((await openCheckpoint(path)).parameters).toBe(backbone.parameters)
  })

  it('is built over its files and accepted', { timeout: 600_000 }, async () => {
    const { config: whole, tensors } = await openCheckpoint(join(folder, backbone.name))
    const config = 'experts' in whole && !everyLayer ? firstLayers(whole, EXPERT_LAYERS) : whole
    const { baseFolder, location } = weightFolder(Array.from(tensors.values(), ({ file }) => file))
    const graph = modelGraph(config, { tensor: (name) => tensors.get(name)!, location }, exactLinear)
    // Unoptimised, so that no weight is read: the check is of names, types and shapes.
    const session = await InferenceSession.create(graph, {
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 1,
      // With it, ONNX Runtime reserves one block of memory for all weights together.
      enableMemPattern: false,
      extra: { session: { model_external_initializers_file_folder_path: baseFolder, disable_prepacking: '1' } },
    })
    expect(session.outputNames).toContain(`resid_post.${config.layers - 1}`)
    expect(session.outputNames).toContain('logits')
    await session.release()
  })
})

function firstLayers<Config extends ModelConfig>(config: Config, layers: number): Config {
  return { ...config, layers, ...('layerKinds' in config && { layerKinds: config.layerKinds.slice(0, layers) }) }
}

/** Writes config.json, an index and one shard whose tensors are holes; returns how many the index names of the language model. */
function writeHollowCheckpoint(path: string, { config, isFused, prefix }: Backbone): number {
  mkdirSync(path)
  writeFileSync(join(path, 'config.json'), JSON.stringify(config))
  const stored = new Map<string, { dtype: string; shape: readonly number[] }>()
  const parsed = parseModelConfig(config, 'config.json')
  const experts = 'experts' in parsed ? parsed.experts.count : 0
  for (const [name, shape] of modelTensors(parsed)) {
    const isFloat32 = /A_log$|linear_attn\.norm/.test(name)
    const [, list, part] = /^(.*\.experts\.)\d+\.(gate|up|down)_proj\.weight$/.exec(name) ?? []
    if (isFused && list !== undefined) {
      const fused = part === 'down' ? { name: `${list}down_proj`, shape: [experts, ...shape] } : { name: `${list}gate_up_proj`, shape: [experts, 2 * shape[0]!, shape[1]!] }
      stored.set(storedName(fused.name, prefix), { dtype: 'BF16', shape: fused.shape })
    } else stored.set(storedName(name, prefix), { dtype: isFloat32 ? 'F32' : 'BF16', shape })
  }
  const count = stored.size
  stored.set('model.visual.patch_embed.proj.bias', { dtype: 'BF16', shape: [16] })
  stored.set('mtp.norm.weight', { dtype: 'BF16', shape: [16] })
  const shard = 'model.safetensors-00001-of-00001.safetensors'
  writeHoles(join(path, shard), stored)
  writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(Array.from(stored.keys(), (name) => [name, shard])) }))
  return count
}

const storedName = (name: string, prefix: string): string => name.replace(/^model\./, prefix)

function writeHoles(file: string, tensors: ReadonlyMap<string, { readonly dtype: string; readonly shape: readonly number[] }>): void {
  const header: Record<string, object> = {}
  let end = 0
  for (const [name, { dtype, shape }] of tensors) {
    const start = end
    end += shape.reduce((product, size) => product * size, 1) * (dtype === 'F32' ? 4 : 2)
    header[name] = { dtype, shape, data_offsets: [start, end] }
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const handle = openSync(file, 'w')
  writeSync(handle, Buffer.concat([length, json]))
  ftruncateSync(handle, 8 + json.length + end)
  closeSync(handle)
}
