// Which matrices a model's graph multiplies by, and which of them multiply the same values: those that a precision may round.
import type { ModelConfig } from '../formats/modelConfig'
import { modelGraph } from './modelGraph'
import type { GraphWriter } from './onnxWriter'
import type { WeightSource } from './weights'

/** Tensor names, each once, by their input: what the graph itself asks for when it is built, so that neither can be wrong about the other. */
export function linearMatrices(config: ModelConfig, weights: WeightSource): readonly (readonly string[])[] {
  const groups = new Map<GraphWriter, Map<string, string[]>>()
  modelGraph(config, weights, (_main, _weights, name) => (graph, x) => {
    const byInput = groups.get(graph) ?? new Map<string, string[]>()
    groups.set(graph, byInput.set(x, [...(byInput.get(x) ?? []), name]))
    return graph.freshName(name)
  })
  return [...groups.values()].flatMap((byInput) => [...byInput.values()])
}
