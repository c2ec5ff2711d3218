// The sizes of the model and the SAE set that the benchmarks run on: Qwen3-1.7B with Qwen-Scope's W32K, and a tiny one that tests the benchmarks themselves.

/** A dense Qwen3 decoder with tied embeddings. */
export interface ModelShape {
  /** Names the folder and the files. */
  readonly name: string
  readonly layers: number
  readonly dModel: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly dFfn: number
  readonly vocabSize: number
  readonly contextLength: number
}

export interface SaeShape {
  readonly dSae: number
  readonly k: number
  /** Decoder layers that get an SAE, ascending. */
  readonly layers: readonly number[]
}

export interface BenchShape {
  readonly model: ModelShape
  readonly sae: SaeShape
}

/** Qwen3-1.7B-Base's config.json; the SAEs as SAE-Res-Qwen3-1.7B-Base-W32K-L0_50 has them, for a quarter, half and three quarters of the way up. */
export const QWEN3_1_7B: BenchShape = {
  model: { name: 'qwen3-1.7b', layers: 28, dModel: 2048, heads: 16, kvHeads: 8, headDim: 128, dFfn: 6144, vocabSize: 151_936, contextLength: 32_768 },
  sae: { dSae: 32_768, k: 50, layers: [7, 14, 20] },
}

/** Runs in milliseconds; its numbers say nothing. */
export const TINY: BenchShape = {
  model: { name: 'tiny', layers: 4, dModel: 64, heads: 4, kvHeads: 2, headDim: 32, dFfn: 128, vocabSize: 512, contextLength: 8192 },
  sae: { dSae: 256, k: 8, layers: [1, 2, 3] },
}

export const SHAPES: readonly BenchShape[] = [QWEN3_1_7B, TINY]

/** One tensor of the checkpoint, with its standard deviation; norms are ones. */
export interface ShapeTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Null for norms, which are all 1. */
  readonly deviation: number | null
}

/** The checkpoint's tensors by their names in transformers, in the order of the layers. */
export function modelTensors({ layers, dModel, heads, kvHeads, headDim, dFfn, vocabSize }: ModelShape): ShapeTensor[] {
  const linear = (name: string, rows: number, columns: number, share = 1): ShapeTensor => ({ name, shape: [rows, columns], deviation: share / Math.sqrt(columns) })
  const norm = (name: string, size: number): ShapeTensor => ({ name, shape: [size], deviation: null })
  // What the blocks add to the residual is kept small as GPT-2's initialisation does, so that 28 of them stay of the embedding's order.
  const added = 1 / Math.sqrt(2 * layers)
  const block = (layer: number): ShapeTensor[] => {
    const at = `model.layers.${layer}`
    return [
      norm(`${at}.input_layernorm.weight`, dModel),
      linear(`${at}.self_attn.q_proj.weight`, heads * headDim, dModel),
      linear(`${at}.self_attn.k_proj.weight`, kvHeads * headDim, dModel),
      linear(`${at}.self_attn.v_proj.weight`, kvHeads * headDim, dModel),
      norm(`${at}.self_attn.q_norm.weight`, headDim),
      norm(`${at}.self_attn.k_norm.weight`, headDim),
      linear(`${at}.self_attn.o_proj.weight`, dModel, heads * headDim, added),
      norm(`${at}.post_attention_layernorm.weight`, dModel),
      linear(`${at}.mlp.gate_proj.weight`, dFfn, dModel),
      linear(`${at}.mlp.up_proj.weight`, dFfn, dModel),
      linear(`${at}.mlp.down_proj.weight`, dModel, dFfn, added),
    ]
  }
  return [
    { name: 'model.embed_tokens.weight', shape: [vocabSize, dModel], deviation: EMBEDDING_DEVIATION },
    ...Array.from({ length: layers }, (_, layer) => block(layer)).flat(),
    norm('model.norm.weight', dModel),
  ]
}

/** As transformers initialises embeddings; with tied weights the logits then have a deviation near 1. */
const EMBEDDING_DEVIATION = 0.02
