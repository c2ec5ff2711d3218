// Writes a Qwen3 checkpoint of random bf16 weights as transformers lays it out: config.json, shards, index. It has no tokenizer: benchmarks use token ids.
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { modelTensors, type ModelShape, type ShapeTensor } from './modelShape'
import { randomValues } from './randomValues'

const SHARD_BYTES = 2 ** 31
const CHUNK_VALUES = 1 << 22
const ONE = 0x3f80

/** Into a folder that is there. */
export function writeModel(folder: string, shape: ModelShape): void {
  const shards = shardsOf(modelTensors(shape))
  const weightMap: Record<string, string> = {}
  shards.forEach((tensors, index) => {
    const file = `model-${numbered(index + 1)}-of-${numbered(shards.length)}.safetensors`
    writeShard(join(folder, file), tensors)
    for (const { name } of tensors) weightMap[name] = file
  })
  const total_size = shards.flat().reduce((sum, tensor) => sum + bytesOf(tensor), 0)
  writeFileSync(join(folder, 'model.safetensors.index.json'), `${JSON.stringify({ metadata: { total_size }, weight_map: weightMap }, null, 2)}\n`)
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(configOf(shape), null, 2)}\n`)
}

/** Bytes that `writeModel` writes, without headers. */
export function modelBytes(shape: ModelShape): number {
  return modelTensors(shape).reduce((sum, tensor) => sum + bytesOf(tensor), 0)
}

function shardsOf(tensors: readonly ShapeTensor[]): ShapeTensor[][] {
  const shards: ShapeTensor[][] = [[]]
  let filled = 0
  for (const tensor of tensors) {
    if (filled > 0 && filled + bytesOf(tensor) > SHARD_BYTES) {
      shards.push([])
      filled = 0
    }
    shards.at(-1)!.push(tensor)
    filled += bytesOf(tensor)
  }
  return shards
}

/** Format: https://github.com/huggingface/safetensors#format */
function writeShard(path: string, tensors: readonly ShapeTensor[]): void {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  let end = 0
  for (const tensor of tensors) {
    const start = end
    end += bytesOf(tensor)
    header[tensor.name] = { dtype: 'BF16', shape: tensor.shape, data_offsets: [start, end] }
  }
  const text = JSON.stringify(header)
  // Padded with spaces so that the data begins at a multiple of eight.
  const bytes = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(bytes.length))
  const fd = openSync(path, 'w')
  try {
    writeSync(fd, length)
    writeSync(fd, bytes)
    for (const tensor of tensors) writeTensor(fd, tensor)
  } finally {
    closeSync(fd)
  }
}

function writeTensor(fd: number, { name, shape, deviation }: ShapeTensor): void {
  const count = countOf(shape)
  const random = randomValues(name, deviation ?? 1)
  const chunk = new Uint16Array(Math.min(count, CHUNK_VALUES))
  for (let done = 0; done < count; done += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, count - done))
    if (deviation === null) part.fill(ONE)
    else random.fillBf16(part)
    writeWhole(fd, part)
  }
}

/** writeSync may write less than it was given. */
export function writeWhole(fd: number, values: ArrayBufferView, position: number | null = null): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position === null ? null : position + done)
}

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
const bytesOf = ({ shape }: ShapeTensor): number => 2 * countOf(shape)
const numbered = (index: number): string => String(index).padStart(5, '0')

/** The fields of Qwen3-1.7B-Base's config.json. */
function configOf(shape: ModelShape): object {
  return {
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    attention_bias: false,
    attention_dropout: 0,
    bos_token_id: 0,
    eos_token_id: 0,
    head_dim: shape.headDim,
    hidden_act: 'silu',
    hidden_size: shape.dModel,
    initializer_range: 0.02,
    intermediate_size: shape.dFfn,
    max_position_embeddings: shape.contextLength,
    num_attention_heads: shape.heads,
    num_hidden_layers: shape.layers,
    num_key_value_heads: shape.kvHeads,
    rms_norm_eps: 1e-6,
    rope_scaling: null,
    rope_theta: 1_000_000,
    sliding_window: null,
    tie_word_embeddings: true,
    torch_dtype: 'bfloat16',
    use_cache: true,
    use_sliding_window: false,
    vocab_size: shape.vocabSize,
  }
}
