// What must be read of a token, and looked into, before an expression can be asked there.
import type { Needs } from '../facts'
import type { Tree } from './tree'

/** What only a look into the model tells. */
export interface Inspects {
  /** Layers whose logit lens is wanted, ascending. */
  readonly lensLayers: readonly number[]
  /** Whether the next token's distribution is. */
  readonly next: boolean
}

export function needsOf(...trees: readonly Tree[]): Needs {
  const nodes = trees.flatMap(nodesOf)
  const layers = nodes.flatMap((node) => (node.kind === 'feature' ? [node.feature.layer] : node.kind === 'call' && (node.name === 'top' || node.name === 'norm') ? [node.numbers[0]!] : []))
  return { layers: ascending(layers), predictions: nodes.some((node) => node.kind === 'name' && PREDICTED.includes(node.name)) }
}

export function inspectsOf(tree: Tree): Inspects {
  const nodes = nodesOf(tree)
  return {
    lensLayers: ascending(nodes.flatMap((node) => (node.kind === 'call' && node.name === 'lens' ? [node.numbers[0]!] : []))),
    next: nodes.some((node) => node.kind === 'name' && node.name === 'next'),
  }
}

/** Names that are known of a token once it has been predicted. */
export const PREDICTED: readonly string[] = ['prob', 'logprob', 'entropy', 'rank']

/** The tree and all that it is made of. */
export function nodesOf(tree: Tree): Tree[] {
  switch (tree.kind) {
    case 'member':
    case 'minus':
    case 'not': return [tree, ...nodesOf(tree.of)]
    case 'matches': return [tree, ...nodesOf(tree.left)]
    case 'arithmetic':
    case 'compare':
    case 'in':
    case 'and':
    case 'or': return [tree, ...nodesOf(tree.left), ...nodesOf(tree.right)]
    case 'number':
    case 'text':
    case 'feature':
    case 'name':
    case 'call': return [tree]
  }
}

function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}
