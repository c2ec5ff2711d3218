// Writes a tree in the one spelling of the language, with no more parentheses than it takes to be read back the same.
import { renderFeature } from '../../formats/editLine'
import type { Tree } from './tree'

/** `prob < 0.1 and not text matches /[a-z]/i`. */
export function printTree(tree: Tree): string {
  switch (tree.kind) {
    case 'number': return String(tree.value)
    case 'text': return JSON.stringify(tree.value)
    case 'feature': return renderFeature(tree.feature)
    case 'name': return tree.name
    case 'call': return `${tree.name}(${tree.numbers.join(', ')})`
    case 'member': return `${operand(tree.of, 7)}.${tree.name}`
    case 'minus': return `-${operand(tree.of, 6)}`
    case 'not': return `not ${operand(tree.of, 3)}`
    case 'matches': return `${operand(tree.left, 4.5)} matches /${tree.pattern}/${tree.flags}`
    case 'compare': return `${operand(tree.left, 4.5)} ${tree.sign} ${operand(tree.right, 4.5)}`
    case 'in': return `${operand(tree.left, 4.5)} in ${operand(tree.right, 4.5)}`
    case 'arithmetic': return `${operand(tree.left, tightness(tree))} ${tree.sign} ${operand(tree.right, tightness(tree) + 0.5)}`
    case 'and':
    case 'or': return `${operand(tree.left, tightness(tree))} ${tree.kind} ${operand(tree.right, tightness(tree) + 0.5)}`
  }
}

/** In parentheses when it binds less tightly than it must. */
function operand(tree: Tree, least: number): string {
  return tightness(tree) < least ? `(${printTree(tree)})` : printTree(tree)
}

function tightness(tree: Tree): number {
  switch (tree.kind) {
    case 'or': return 1
    case 'and': return 2
    case 'not': return 3
    case 'compare':
    case 'in':
    case 'matches': return 4
    case 'arithmetic': return tree.sign === '+' || tree.sign === '-' ? 5 : 5.5
    case 'minus': return 6
    // A dot behind a bare number would be its own.
    case 'number': return 6.5
    case 'text':
    case 'feature':
    case 'name':
    case 'call':
    case 'member': return 7
  }
}
