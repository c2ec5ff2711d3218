// Qwen3.5 with experts: the layers of Qwen3.5, and in every one routed experts beside one that all tokens share.
import type { Qwen35MoeConfig } from '../formats/modelConfig'
import type { Block, WeightMaker } from './decoderGraph'
import { denseMlp } from './denseDecoder'
import { experts } from './experts'
import { exactLinear, type PrepareLinear } from './linear'
import { qwen35Decoder } from './qwen35'
import type { WeightSource } from './weights'

/** The model's bytes; see `decoderGraph`. */
export function qwen35MoeGraph(config: Qwen35MoeConfig, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  return qwen35Decoder(config, (make, _layer, prefix) => {
    const routed = experts(make, `${prefix}mlp.`, config.experts)
    const shared = sharedExpert(make, `${prefix}mlp.`)
    return (graph, x) => graph.node('Add', [routed(graph, x), shared(graph, x)])
  }, weights, linear)
}

/** sigmoid(x w) · expert(x), with one w for all tokens. */
function sharedExpert(make: WeightMaker, prefix: string): Block {
  const expert = denseMlp(make, `${prefix}shared_expert.`)
  const gate = exactLinear(make.main, make.weights, `${prefix}shared_expert_gate.weight`)
  return (graph, x) => graph.node('Mul', [graph.node('Sigmoid', [gate(graph, x)]), expert(graph, x)])
}
