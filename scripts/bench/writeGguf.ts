// Writes a Qwen3 model of random blocks as GGUF, so that llama.cpp can run the same shape: all matrices of one type, norms in float32, a vocabulary of made-up tokens.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; tensor names: llama.cpp's src/llama-arch.cpp, LLM_ARCH_QWEN3.
import { closeSync, openSync } from 'node:fs'
import { GgufHeader } from './ggufHeader'
import type { ModelShape } from './modelShape'
import { modelTensors, type ShapeTensor } from './modelShape'
import { randomValues } from './randomValues'
import { writeWhole } from './writeModel'

export type GgufType = 'Q8_0' | 'Q4_0'
export const GGUF_TYPES: readonly GgufType[] = ['Q8_0', 'Q4_0']

/** Blocks of 32 weights that share a float16 scale in front; the deviation is that of evenly distributed integers, times the scale. */
const BLOCKS: Readonly<Record<GgufType, { readonly id: number; readonly fileType: number; readonly bytes: number; readonly deviation: number }>> = {
  Q8_0: { id: 8, fileType: 7, bytes: 34, deviation: Math.sqrt((256 ** 2 - 1) / 12) },
  Q4_0: { id: 2, fileType: 2, bytes: 18, deviation: Math.sqrt((16 ** 2 - 1) / 12) },
}

const BLOCK = 32
const F32 = 0
const ALIGNMENT = 32
const CHUNK_BLOCKS = 1 << 18

/** */
export function writeGguf(path: string, shape: ModelShape, type: GgufType): void {
  const tensors = modelTensors(shape)
  const header = new GgufHeader()
  addModelFields(header, shape, type)
  addVocabulary(header, shape.vocabSize)
  let offset = 0
  for (const tensor of tensors) {
    // ggml counts dimensions from the one that runs fastest.
    header.tensor({ name: ggufName(tensor.name), dimensions: [...tensor.shape].reverse(), type: tensor.deviation === null ? F32 : BLOCKS[type].id, offset })
    offset += aligned(tensorBytes(tensor, type))
  }
  const fd = openSync(path, 'w')
  try {
    const head = header.bytes(ALIGNMENT)
    writeWhole(fd, head)
    for (const tensor of tensors) {
      writeTensor(fd, tensor, type)
      writeWhole(fd, new Uint8Array(aligned(tensorBytes(tensor, type)) - tensorBytes(tensor, type)))
    }
  } finally {
    closeSync(fd)
  }
}

/** Bytes of all tensors. */
export function ggufBytes(shape: ModelShape, type: GgufType): number {
  return modelTensors(shape).reduce((sum, tensor) => sum + aligned(tensorBytes(tensor, type)), 0)
}

function writeTensor(fd: number, { name, shape, deviation }: ShapeTensor, type: GgufType): void {
  const count = countOf(shape)
  if (deviation === null) return writeWhole(fd, new Float32Array(count).fill(1))
  const { bytes: blockBytes, deviation: unit } = BLOCKS[type]
  const scale = float16Bits(deviation / unit)
  const random = randomValues(`${name} ${type}`)
  const blocks = count / BLOCK
  // Whole words, as the generator gives them; a chunk of blocks is a multiple of four bytes long, and so is its part that a small tensor fills.
  const words = new Uint32Array(Math.ceil((Math.min(blocks, CHUNK_BLOCKS) * blockBytes) / 4))
  const bytes = new Uint8Array(words.buffer)
  for (let done = 0; done < blocks; done += CHUNK_BLOCKS) {
    const chunk = Math.min(CHUNK_BLOCKS, blocks - done)
    random.fillBits(words)
    for (let block = 0; block < chunk; block++) {
      // Every second scale is negative: evenly distributed integers have a mean of -1/2, which would add up.
      bytes[block * blockBytes] = scale & 255
      bytes[block * blockBytes + 1] = (scale >> 8) | (block & 1 ? 0x80 : 0)
    }
    writeWhole(fd, bytes.subarray(0, chunk * blockBytes))
  }
}

function tensorBytes({ shape, deviation }: ShapeTensor, type: GgufType): number {
  return deviation === null ? 4 * countOf(shape) : (countOf(shape) / BLOCK) * BLOCKS[type].bytes
}

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

/** Positive numbers below 65504, rounded to nearest; subnormal below 2^-14. */
export function float16Bits(value: number): number {
  const exponent = Math.max(-14, Math.floor(Math.log2(value)))
  // Carries into the exponent where the mantissa rounds up to the next power of two.
  return Math.round((value / 2 ** exponent - (exponent === -14 && value < 2 ** -14 ? 0 : 1)) * 1024) + ((exponent === -14 && value < 2 ** -14 ? 0 : exponent + 15) << 10)
}

function addModelFields(header: GgufHeader, shape: ModelShape, type: GgufType): void {
  header.text('general.architecture', 'qwen3')
  header.text('general.name', shape.name)
  header.u32('general.file_type', BLOCKS[type].fileType)
  header.u32('general.quantization_version', 2)
  header.u32('general.alignment', ALIGNMENT)
  header.u32('qwen3.block_count', shape.layers)
  header.u32('qwen3.context_length', shape.contextLength)
  header.u32('qwen3.embedding_length', shape.dModel)
  header.u32('qwen3.feed_forward_length', shape.dFfn)
  header.u32('qwen3.attention.head_count', shape.heads)
  header.u32('qwen3.attention.head_count_kv', shape.kvHeads)
  header.u32('qwen3.attention.key_length', shape.headDim)
  header.u32('qwen3.attention.value_length', shape.headDim)
  header.f32('qwen3.attention.layer_norm_rms_epsilon', 1e-6)
  header.f32('qwen3.rope.freq_base', 1e6)
}

/** llama.cpp wants a vocabulary of the right size; nothing is ever tokenised with it. */
function addVocabulary(header: GgufHeader, size: number): void {
  const NORMAL = 1
  const CONTROL = 3
  header.text('tokenizer.ggml.model', 'gpt2')
  header.text('tokenizer.ggml.pre', 'qwen2')
  header.texts('tokenizer.ggml.tokens', Array.from({ length: size }, (_, id) => (id < 256 ? byteToken(id) : `t${id}`)))
  header.i32s('tokenizer.ggml.token_type', Array.from({ length: size }, (_, id) => (id === size - 1 ? CONTROL : NORMAL)))
  header.texts('tokenizer.ggml.merges', ['t t'])
  header.u32('tokenizer.ggml.bos_token_id', size - 1)
  header.u32('tokenizer.ggml.eos_token_id', size - 1)
}

/** GPT-2's spelling of a byte: itself where it prints, else a letter from 256 on. */
function byteToken(byte: number): string {
  const prints = (code: number): boolean => (code >= 33 && code <= 126) || (code >= 161 && code <= 172) || code >= 174
  if (prints(byte)) return String.fromCodePoint(byte)
  return String.fromCodePoint(256 + Array.from({ length: byte }, (_, code) => code).filter((code) => !prints(code)).length)
}

function ggufName(name: string): string {
  const plain = name.replace('model.embed_tokens', 'token_embd').replace('model.norm', 'output_norm').replace('model.layers.', 'blk.')
  const parts: Readonly<Record<string, string>> = {
    'input_layernorm': 'attn_norm',
    'self_attn.q_proj': 'attn_q',
    'self_attn.k_proj': 'attn_k',
    'self_attn.v_proj': 'attn_v',
    'self_attn.o_proj': 'attn_output',
    'self_attn.q_norm': 'attn_q_norm',
    'self_attn.k_norm': 'attn_k_norm',
    'post_attention_layernorm': 'ffn_norm',
    'mlp.gate_proj': 'ffn_gate',
    'mlp.up_proj': 'ffn_up',
    'mlp.down_proj': 'ffn_down',
  }
  const [, block, part] = /^(blk\.\d+)\.(.+)\.weight$/.exec(plain) ?? []
  return block === undefined ? plain : `${block}.${parts[part!]}.weight`
}
