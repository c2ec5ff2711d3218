// Tokens of a branch from plain data, and what is known at each, for tests of whatever asks about tokens.
import type { DebugToken } from '../../../server/debug/branch'
import type { Facts, Needs } from '../../../server/debug/facts'

/** One token as a test writes it; a text alone is a token of the prompt. */
export interface PlainToken {
  readonly text: string
  /** Its index unless given. */
  readonly id?: number
  readonly generated?: boolean
  /** Probability, 0..1; unknown (null prediction) unless given. */
  readonly prob?: number
  /** In nats; 1 unless given. */
  readonly entropy?: number
  /** 1 unless given. */
  readonly rank?: number
  /** By `layer/feature`: `{ '14/6159': 31.2 }`. Layers that no token of the branch names throw when asked for. */
  readonly features?: Readonly<Record<string, number>>
  /** By layer: ‖resid_post‖; 0 unless given. */
  readonly norms?: Readonly<Record<number, number>>
}

/** The tokens of a branch, one behind the other in the run document; prompt tokens stand at the same place in the prompt file. */
export function tokensOf(plain: readonly (PlainToken | string)[]): DebugToken[] {
  let end = 0
  return plain.map(asToken).map(({ text, id, generated = false, prob, entropy = 1, rank = 1 }, index): DebugToken => {
    const range = { start: end, end: (end += text.length) }
    const prediction = prob === undefined ? null : { logprob: Math.log(prob), entropy, rank, alternatives: [] }
    return { index, id: id ?? index, text, display: text, range, promptRange: generated ? null : range, generated, prediction, fired: [] }
  })
}

/** What is known at each token. With `needs`, asking for a layer that is not among its layers throws; else for one that no token names. */
export function factsOf(plain: readonly (PlainToken | string)[], needs?: Needs): Facts[] {
  const tokens = tokensOf(plain)
  const named = plain.map(asToken).flatMap(({ features = {}, norms = {} }) => [...Object.keys(features).map((name) => Number(name.split('/')[0])), ...Object.keys(norms).map(Number)])
  const layers = needs?.layers ?? named
  const needed = (layer: number): void => {
    if (!layers.includes(layer)) throw new Error(`layer ${layer} was not needed`)
  }
  return plain.map(asToken).map(({ features = {}, norms = {} }, position): Facts => ({
    position,
    token: tokens[position]!,
    tokens,
    activation: ({ layer, feature }) => {
      needed(layer)
      return features[`${layer}/${feature}`] ?? 0
    },
    features: (layer) => {
      needed(layer)
      return Object.entries(features)
        .filter(([name]) => name.startsWith(`${layer}/`))
        .map(([name, activation]) => ({ feature: Number(name.split('/')[1]), activation }))
        .sort((a, b) => b.activation - a.activation)
    },
    residualNorm: (layer) => {
      needed(layer)
      return norms[layer] ?? 0
    },
  }))
}

function asToken(plain: PlainToken | string): PlainToken {
  return typeof plain === 'string' ? { text: plain } : plain
}
