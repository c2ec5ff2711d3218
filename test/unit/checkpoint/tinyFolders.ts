// Writes tiny model and SAE folders for tests: right in every respect, so that a test can make one thing wrong.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseModelConfig } from '../../../server/formats/modelConfig'
import { modelTensors } from '../../../server/formats/modelTensors'
import { writeSafetensors } from '../../../server/formats/safetensors'
import { storedZip } from '../formats/storedZip'
import { tinyTokenizerJson } from '../formats/tinyTokenizer'

export const TINY_CONFIG = {
  architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1,
  head_dim: 4, intermediate_size: 12, vocab_size: 260, rope_theta: 1e4, rms_norm_eps: 1e-6, tie_word_embeddings: true, max_position_embeddings: 64,
  eos_token_id: 257,
}

export const TINY_SAE_CONFIG = { model_type: 'topk_sae', base_model: 'Qwen/tiny', d_model: 8, d_sae: 16, k: 2, num_layers: 2, hook_point: 'resid_post', dtype: 'float32' }

/** A new empty folder that the system cleans up. */
export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'promptscope-test-'))
}

export function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  return writeFile(join(folder, name), JSON.stringify(value))
}

/** A checkpoint with `config` and weights that count from 0; `shards` > 1 spreads them and writes an index. */
export async function writeModel(folder: string, config: object = TINY_CONFIG, shards = 1): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeJson(folder, 'config.json', config)
  await writeJson(folder, 'tokenizer.json', tinyTokenizerJson())
  const tensors = [...modelTensors(parseModelConfig(config, 'config.json'))].map(([name, shape]) => {
    const count = shape.reduce((product, size) => product * size, 1)
    return { name, shape, data: Float32Array.from({ length: count }, (_, i) => i) }
  })
  if (shards === 1) return writeFile(join(folder, 'model.safetensors'), writeSafetensors(tensors))
  const weightMap: Record<string, string> = {}
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-0000${shard + 1}-of-0000${shards}.safetensors`
    const part = tensors.filter((_, index) => index % shards === shard)
    for (const { name } of part) weightMap[name] = file
    await writeFile(join(folder, file), writeSafetensors(part))
  }
  await writeJson(folder, 'model.safetensors.index.json', { metadata: {}, weight_map: weightMap })
}

/** An SAE set with the given layers, float32, numbers counting from 0 in each tensor. */
export async function writeSaeSet(folder: string, config: typeof TINY_SAE_CONFIG = TINY_SAE_CONFIG, layers: readonly number[] = [0, 1]): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeJson(folder, 'config.json', config)
  for (const layer of layers) await writeFile(join(folder, `layer${layer}.sae.pt`), torchArchive({ W_enc: [16, 8], b_enc: [16], W_dec: [8, 16], b_dec: [8] }))
}

/** What torch.save writes for a dict of float32 tensors of these shapes. */
export function torchArchive(shapes: Readonly<Record<string, readonly number[]>>): Uint8Array {
  const encode = (text: string): number[] => [...new TextEncoder().encode(text)]
  const string = (text: string): number[] => [0x58, text.length, 0, 0, 0, ...encode(text)]
  const number = (value: number): number[] => [0x4a, value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255]
  const tuple = (values: readonly number[]): number[] => [0x28, ...values.flatMap(number), 0x74]
  const pickle = [0x80, 2, 0x7d]
  const entries: Record<string, Uint8Array> = {}
  Object.entries(shapes).forEach(([name, shape], index) => {
    const count = shape.reduce((product, size) => product * size, 1)
    const stride = shape.map((_, dim) => shape.slice(dim + 1).reduce((product, size) => product * size, 1))
    pickle.push(...string(name), ...encode('ctorch._utils\n_rebuild_tensor_v2\n'), 0x28, 0x28, ...string('storage'), ...encode('ctorch\nFloatStorage\n'), ...string(`${index}`), ...string('cpu'), ...number(count), 0x74, 0x51)
    pickle.push(...number(0), ...tuple(shape), ...tuple(stride), 0x89, ...encode('ccollections\nOrderedDict\n'), 0x29, 0x52, 0x74, 0x52, 0x73)
    entries[`archive/data/${index}`] = new Uint8Array(Float32Array.from({ length: count }, (_, i) => i).buffer)
  })
  return storedZip({ 'archive/data.pkl': Uint8Array.from([...pickle, 0x2e]), ...entries })
}
