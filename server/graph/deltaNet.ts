// The gated delta rule of Qwen3.5's linear layers: a causal convolution, then a state that forgets, is corrected and is read at each position.
// Formulas: transformers' modeling_qwen3_5.py. Per value head, with S (key_dim, value_dim), k and q of length 1 and 1/√key_dim:
//   S ← e^g S;  S ← S + k ⊗ β(v − Sᵀk);  o = Sᵀq;   g = −exp(A_log) · softplus(a + dt_bias),  β = sigmoid(b)
import type { DeltaNet } from '../formats/modelConfig'
import type { Block, MemoryNames, WeightMaker } from './decoderGraph'
import { CONV_STATE, DELTA_STATE } from './layerMemory'
import { exactLinear } from './linear'
import { MICROSOFT, type GraphWriter } from './onnxWriter'
import { rmsNorm } from './rmsNorm'
import { silu } from './silu'
import { float32Weight } from './weights'

/** Added to a sum of squares before its root is divided by. */
const L2_EPSILON = 1e-6

/** `prefix` stands before `in_proj_qkv`. `epsilon` is that of the norm of the output. */
export function deltaNet(make: WeightMaker, prefix: string, shape: DeltaNet, epsilon: number, memory: MemoryNames): Block {
  const { main, weights } = make
  const { keyHeads, valueHeads, keyHeadDim, valueHeadDim } = shape
  const dKey = keyHeads * keyHeadDim
  const dValue = valueHeads * valueHeadDim
  const vector = (name: string) => float32Weight(main, weights, `${prefix}${name}`)
  const matrix = (name: string) => make.linear(main, weights, `${prefix}${name}.weight`)
  // The gates are small, and what they get wrong stays in the state.
  const gateMatrix = (name: string) => exactLinear(main, weights, `${prefix}${name}.weight`)

  const [inQueryKeyValue, inZ, out] = [matrix('in_proj_qkv'), matrix('in_proj_z'), matrix('out_proj')]
  const [inA, inB] = [gateMatrix('in_proj_a'), gateMatrix('in_proj_b')]
  const [kernel, outputNorm, dtBias] = [vector('conv1d.weight'), vector('norm.weight'), vector('dt_bias')]
  const rate = main.node('Neg', [main.node('Exp', [vector('A_log')])])
  const queryLength = unitLength(main, keyHeadDim, 1 / Math.sqrt(keyHeadDim))
  const keyLength = unitLength(main, keyHeadDim, 1)

  return (graph, x) => {
    const projected = graph.node('Reshape', [inQueryKeyValue(graph, x), graph.ints(1, -1, 2 * dKey + dValue)])
    const mixed = graph.freshName('mixed')
    graph.node('CausalConvWithState', [projected, kernel, '', memory.past.state(CONV_STATE)], { ndim: 1, channels_last: 1, activation: 'silu' }, { domain: MICROSOFT, outputs: [mixed, memory.next.state(CONV_STATE)] })
    const [query, key, value] = ['query', 'key', 'value'].map((name) => graph.freshName(name)) as [string, string, string]
    graph.node('Split', [mixed, graph.ints(dKey, dKey, dValue)], { axis: -1 }, { outputs: [query, key, value] })

    const perPosition = (values: string) => graph.node('Reshape', [values, graph.ints(1, -1, valueHeads)])
    const decay = graph.node('Mul', [rate, graph.node('Softplus', [graph.node('Add', [perPosition(inA(graph, x)), dtBias])])])
    const beta = graph.node('Sigmoid', [perPosition(inB(graph, x))])
    const read = graph.freshName('read')
    graph.node('LinearAttention', [queryLength(graph, query), keyLength(graph, key), value, memory.past.state(DELTA_STATE), decay, beta],
      { q_num_heads: keyHeads, kv_num_heads: valueHeads, update_rule: 'gated_delta', scale: { float: 1 } },
      { domain: MICROSOFT, outputs: [read, memory.next.state(DELTA_STATE)] })

    const perHead = (values: string) => graph.node('Reshape', [values, graph.ints(-1, valueHeads, valueHeadDim)])
    const gated = graph.node('Mul', [rmsNorm(graph, perHead(read), outputNorm, epsilon), silu(graph, perHead(inZ(graph, x)))])
    return out(graph, graph.node('Reshape', [gated, graph.ints(-1, dValue)]))
  }
}

/**
 * Scales each head of (1, T, heads · head_dim) to a length: x · length / √(Σx² + ε). As a root mean square norm with ε/d and the weight
 * length/√d, which is the same and one operator.
 */
function unitLength(main: GraphWriter, headDim: number, length: number): Block {
  const weight = main.constant(`length_${length}_${headDim}`, 'f32', [headDim], new Float32Array(headDim).fill(length / Math.sqrt(headDim)))
  return (graph, x) => {
    const heads = rmsNorm(graph, graph.node('Reshape', [x, graph.ints(1, 0, -1, headDim)]), weight, L2_EPSILON / headDim)
    return graph.node('Reshape', [heads, graph.node('Shape', [x])])
  }
}
