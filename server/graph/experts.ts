// A feed-forward block of routed experts: each token goes to its k likeliest experts, and only experts that some token goes to are computed.
// y = Σ_j p_j · expert_j(x) over the chosen j, p = softmax(x W_routerᵀ), divided by their sum where the model says so.
import type { Experts } from '../formats/modelConfig'
import type { Block, WeightMaker } from './decoderGraph'
import { denseMlp } from './denseDecoder'
import { exactLinear } from './linear'
import { ELEMENT_TYPE, type GraphWriter } from './onnxWriter'

/** `prefix` stands before `gate` and `experts`. The router is always exact: what it gets wrong, it gets wrong for a whole expert. */
export function experts(make: WeightMaker, prefix: string, { count, perToken, normalised }: Experts): Block {
  const router = exactLinear(make.main, make.weights, `${prefix}gate.weight`)
  const blocks = Array.from({ length: count }, (_, expert) => denseMlp(make, `${prefix}experts.${expert}.`))
  return (graph, x) => {
    const { expertOf, weightOf } = route(graph, router(graph, x), perToken, normalised)
    const flags = usedExperts(graph, expertOf, count)
    const parts = blocks.map((block, expert) => expertIfUsed(graph, flags[expert]!, expert, block, x, { expertOf, weightOf, perToken }))

    // Each place (token, choice) is written by one expert only: adding up duplicate indices in ScatterND is a race on several threads
    // (https://github.com/microsoft/onnxruntime/issues/18048).
    const values = graph.node('Concat', parts.map(({ value }) => value), { axis: 0 })
    const places = graph.node('Concat', parts.map(({ place }) => place), { axis: 0 })
    const scattered = graph.node('ScatterND', [graph.node('Mul', [values, graph.constant('zero', 'f32', [], Float32Array.of(0))]), places, values])
    return graph.node('ReduceSum', [graph.node('Reshape', [scattered, shapeOfChoices(graph, x, perToken)]), graph.ints(1)], { keepdims: 0 })
  }
}

/** By place t · k + j: the expert that choice j of token t goes to, and its weight; both (T · k). */
interface Routes {
  readonly expertOf: string
  readonly weightOf: string
}

/** `logits` (T, experts) */
function route(graph: GraphWriter, logits: string, perToken: number, normalised: boolean): Routes {
  const [top, chosen] = [graph.freshName('router_top'), graph.freshName('router_chosen')]
  graph.node('TopK', [graph.node('Softmax', [logits], { axis: -1 }), graph.ints(perToken)], { axis: -1 }, { outputs: [top, chosen] })
  const weights = normalised ? graph.node('Div', [top, graph.node('ReduceSum', [top, graph.ints(-1)], { keepdims: 1 })]) : top
  const flat = (values: string) => graph.node('Reshape', [values, graph.ints(-1)])
  return { expertOf: flat(chosen), weightOf: flat(weights) }
}

/** One flag (1) per expert. */
function usedExperts(graph: GraphWriter, expertOf: string, count: number): readonly string[] {
  const none = graph.constant(`no_experts_${count}`, 'f32', [count], new Float32Array(count))
  const one = graph.constant('one', 'f32', [], Float32Array.of(1))
  const ones = graph.node('Expand', [one, graph.node('Shape', [expertOf])])
  const used = graph.node('Cast', [graph.node('ScatterElements', [none, expertOf, ones], { axis: 0 })], { to: ELEMENT_TYPE.bool })
  const flags = Array.from({ length: count }, () => graph.freshName('expert_used'))
  graph.node('Split', [used], { axis: 0, num_outputs: count }, { outputs: flags })
  return flags
}

/** The expert's weighted results (n, d_model) and their places (n, 1), as an `If` that costs nothing for an expert without tokens. */
function expertIfUsed(
  graph: GraphWriter, flag: string, expert: number, block: Block, x: string, { expertOf, weightOf, perToken }: Routes & { readonly perToken: number },
): { readonly value: string; readonly place: string } {
  const run = graph.branch(graph.freshName('expert'))
  const index = run.constant(`expert_${expert}`, 'i64', [], BigInt64Array.of(BigInt(expert)))
  const places = run.node('Reshape', [run.node('NonZero', [run.node('Equal', [expertOf, index])]), run.ints(-1)])
  const tokens = run.node('Div', [places, run.constant(`choices_${perToken}`, 'i64', [], BigInt64Array.of(BigInt(perToken)))])
  const weights = run.node('Reshape', [run.node('Gather', [weightOf, places], { axis: 0 }), run.ints(-1, 1)])
  const result = run.node('Mul', [block(run, run.node('Gather', [x, tokens], { axis: 0 })), weights])
  run.output(result, 'f32', ['n', 'd'])
  run.output(run.node('Reshape', [places, run.ints(-1, 1)]), 'i64', ['n', 1])

  const skip = graph.branch(graph.freshName('no_expert'))
  // No rows of the right width, without knowing it: the first 0 rows of x.
  const noRows = skip.node('Slice', [x, skip.ints(0), skip.ints(0), skip.ints(0)])
  skip.output(noRows, 'f32', ['none', 'd'])
  skip.output(skip.node('Identity', [skip.constant('no_places', 'i64', [0, 1], new BigInt64Array(0))]), 'i64', ['none', 1])

  const outputs = [graph.freshName('expert_value'), graph.freshName('expert_place')] as const
  graph.node('If', [flag], { then_branch: run, else_branch: skip }, { outputs })
  return { value: outputs[0], place: outputs[1] }
}

/** (T, k, d_model), read off x (T, d_model). */
function shapeOfChoices(graph: GraphWriter, x: string, perToken: number): string {
  const size = (start: number, end: number) => graph.node('Shape', [x], { start, end })
  return graph.node('Concat', [size(0, 1), graph.ints(perToken), size(1, 2)], { axis: 0 })
}
