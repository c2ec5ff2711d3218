// Which matrices a model's graph multiplies by: those that a precision may round.
import type { ModelConfig } from '../formats/modelConfig'
import { modelGraph } from './modelGraph'
import type { WeightSource } from './weights'

/** Tensor names in the order of the graph, each once: what the graph itself asks for when it is built, so that neither can be wrong about the other. */
export function linearMatrices(config: ModelConfig, weights: WeightSource): readonly string[] {
  const names = new Set<string>()
  modelGraph(config, weights, (_main, _weights, name) => {
    names.add(name)
    return (_graph, x) => x
  })
  return [...names]
}
