// Log messages of breakpoints: text with expressions in braces.
import type { Facts, Needs } from '../facts'
import type { Bounds } from './bounds'
import { compile, type Sight } from './compile'
import { needsOf } from './needs'
import { valueOf } from './parseExpression'
import { parseTree } from './parseTree'
import { NO_WORDS, renderLogged, type Words } from './renderValue'
import { checkLength, refuse, type Source } from './source'
import type { Tree } from './tree'
import type { Value } from './value'

export interface LogMessage {
  readonly needs: Needs
  /** One line; with words, features have their labels. */
  render(at: Facts, words?: Words): string
}

/** `{text} fires {L14/6159}`; `\{` and `\}` are braces. A line break in it becomes a blank. Throws InputError. */
export function parseLogMessage(text: string, bounds: Bounds | null): LogMessage {
  const source: Source = { what: 'log message', text }
  checkLength(source, '{text} {L14/6159}')
  const parts: (string | ((sight: Sight) => Value))[] = []
  const trees: Tree[] = []
  for (let at = 0; at < text.length; ) {
    const literal = /^(?:\\[{}]|[^{}])*/.exec(text.slice(at))![0]
    parts.push(literal.replace(/\\([{}])/g, '$1').replace(/\s*\n\s*/g, ' '))
    at += literal.length
    if (text[at] === '}') refuse(source, { start: at, end: at + 1 }, 'has a } that closes nothing', 'write \\} for a brace')
    if (text[at] !== '{') break
    const { tree, end } = parseTree(source, at + 1, true)
    trees.push(tree)
    parts.push(valueOf(tree, compile(tree, { source, bounds, mayLook: false })))
    at = end + 1
  }
  return {
    needs: needsOf(...trees),
    render: (at, words = NO_WORDS) => parts.map((part) => (typeof part === 'string' ? part : renderLogged(part({ at, look: null, isAheadKnown: false }), words))).join(''),
  }
}
