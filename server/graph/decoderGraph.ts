// The skeleton that all decoders share, as a graph over a checkpoint's own files: x += mixer(norm(x)); x += feedForward(norm(x)); logits = norm(x) W_headᵀ.
import type { ModelConfig } from '../formats/modelConfig'
import { addStages, inner } from './decoderStages'
import { layerMemories, newKey, newState, newValue, pastKey, pastState, pastValue } from './layerMemory'
import type { PrepareLinear } from './linear'
import { ELEMENT_TYPE, GraphWriter } from './onnxWriter'
import { addAndNorm, rmsNorm } from './rmsNorm'
import { storedWeight, type WeightSource } from './weights'

/** Adds a block to a branch: (T, d_model) → (T, d_model). */
export type Block = (graph: GraphWriter, x: string) => string

/** Names by which a layer reads what it remembers, and by which it must call what it will remember. */
export interface MemoryNames {
  readonly past: { readonly key: string; readonly value: string; readonly state: (name: string) => string }
  readonly next: { readonly key: string; readonly value: string; readonly state: (name: string) => string }
}

/** Puts weights into the main graph. */
export interface WeightMaker {
  readonly main: GraphWriter
  readonly weights: WeightSource
  /** A matrix without bias, at the precision that was chosen. */
  readonly linear: PrepareLinear
}

/** What architectures differ in. Everything is prepared in the main graph, once; the blocks then add nodes to their stage's branch. */
export interface DecoderParts {
  /** The weight of a norm over the residual stream, float32, by tensor name. */
  norm(make: WeightMaker, name: string): string
  mixer(make: WeightMaker, layer: number, prefix: string, memory: MemoryNames): Block
  feedForward(make: WeightMaker, layer: number, prefix: string): Block
}

/** The model's bytes; inputs and outputs as `addStages` describes them. Tensor names are those of `modelTensors`. */
export function decoderGraph(config: ModelConfig, parts: DecoderParts, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  const main = new GraphWriter(config.architecture)
  const make: WeightMaker = { main, weights, linear }
  const epsilon = config.rmsNormEps
  const embedding = storedWeight(main, weights, 'model.embed_tokens.weight')
  const head = linear(main, weights, config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight')
  const finalNorm = parts.norm(make, 'model.norm.weight')
  const layers = Array.from({ length: config.layers }, (_, layer) => {
    const prefix = `model.layers.${layer}.`
    return {
      inputNorm: parts.norm(make, `${prefix}input_layernorm.weight`),
      mixer: parts.mixer(make, layer, prefix, memoryNames(layer)),
      middleNorm: parts.norm(make, `${prefix}post_attention_layernorm.weight`),
      feedForward: parts.feedForward(make, layer, prefix),
    }
  })

  addStages(main, { dModel: config.dModel, vocabSize: config.vocabSize, rotaryDim: config.rope.rotaryDim, memories: layerMemories(config) }, {
    embed: (graph) => {
      const rows = graph.node('Gather', [embedding, 'token_ids'], { axis: 0 })
      return graph.node('Cast', [rows], { to: ELEMENT_TYPE.f32 })
    },
    layer: (graph, index, x) => {
      const { inputNorm, mixer, middleNorm, feedForward } = layers[index]!
      const { sum: middle, normalised } = addAndNorm(graph, x, mixer(graph, rmsNorm(graph, x, inputNorm, epsilon)), middleNorm, epsilon)
      return graph.node('Add', [middle, feedForward(graph, normalised)])
    },
    head: (graph, rows) => head(graph, rmsNorm(graph, rows, finalNorm, epsilon)),
  })
  return main.modelBytes()
}

function memoryNames(layer: number): MemoryNames {
  return {
    past: { key: pastKey(layer), value: pastValue(layer), state: (name) => pastState(layer, name) },
    next: { key: inner(newKey(layer)), value: inner(newValue(layer)), state: (name) => inner(newState(layer, name)) },
  }
}
