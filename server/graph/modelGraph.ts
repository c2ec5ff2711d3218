// Chooses the graph of a model's architecture.
import type { ModelConfig } from '../formats/modelConfig'
import type { PrepareLinear } from './linear'
import { llamaGraph } from './llama'
import { qwen2Graph } from './qwen2'
import { qwen3Graph } from './qwen3'
import { qwen35Graph } from './qwen35'
import { qwen35MoeGraph } from './qwen35Moe'
import { qwen3MoeGraph } from './qwen3Moe'
import type { WeightSource } from './weights'

/** The model's bytes; inputs and outputs as `addStages` describes them. `linear` decides the precision of every matrix. */
export function modelGraph(config: ModelConfig, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  switch (config.architecture) {
    case 'qwen3':
      return qwen3Graph(config, weights, linear)
    case 'llama':
      return llamaGraph(config, weights, linear)
    case 'qwen2':
      return qwen2Graph(config, weights, linear)
    case 'qwen3_5':
      return qwen35Graph(config, weights, linear)
    case 'qwen3_moe':
      return qwen3MoeGraph(config, weights, linear)
    case 'qwen3_5_moe':
      return qwen35MoeGraph(config, weights, linear)
  }
}
