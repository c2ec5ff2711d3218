// Anything at all as input: nothing but an InputError comes out, what is printed is read back, and no pattern takes long.
import { expect, it } from 'vitest'
import { completeExpression } from '../../../../server/debug/expressions/completeExpression'
import { explainWord } from '../../../../server/debug/expressions/explainWord'
import { parseCondition } from '../../../../server/debug/expressions/parseCondition'
import { parseDataCondition } from '../../../../server/debug/expressions/parseDataCondition'
import { parseExpression } from '../../../../server/debug/expressions/parseExpression'
import { parseFeatureValue } from '../../../../server/debug/expressions/parseFeatureValue'
import { parseFunctionBreakpoint } from '../../../../server/debug/expressions/parseFunctionBreakpoint'
import { parseHitCondition } from '../../../../server/debug/expressions/parseHitCondition'
import { parseLogMessage } from '../../../../server/debug/expressions/parseLogMessage'
import { parseTree } from '../../../../server/debug/expressions/parseTree'
import { printTree } from '../../../../server/debug/expressions/printTree'
import { NO_WORDS, renderValue } from '../../../../server/debug/expressions/renderValue'
import type { Tree } from '../../../../server/debug/expressions/tree'
import { WORDS } from '../../../../server/debug/expressions/words'
import { InputError } from '../../../../server/protocol/errors'
import { factsOf } from '../facts'

const at = factsOf(['The', { text: ' end', generated: true, prob: 0.5, features: { '14/6159': 3 }, norms: { 14: 2 } }])[1]!
const everywhere = { ...at, activation: () => 1, features: () => [{ feature: 1, activation: 2 }], residualNorm: () => 3 }

const SCRAPS = [
  ...WORDS.flatMap(({ word, form }) => [word, form]), 'L14/6159', 'L3/', 'L', '14', '0.5', '1e9', '-1', '"a"', "'", '"', '\\', '/[a-z]+/i', '/', '/(a|/', '(', ')', '{', '}', ',', '.', '.text', '<', '<=', '==', '=', '!=', '!', '&&', '||', '&', '=~',
  '+', '-', '*', '%', '__proto__', 'constructor', 'hasOwnProperty', 'é', '中', '\u{1f600}', '\ud800', '\n', '\t', '\0', ' ', ' ', ' ',
]

it('throws nothing but InputError on 2,000 random texts, whatever reads them', () => {
  const random = randomNumbers(11)
  const readers: ((text: string) => unknown)[] = [
    (text) => parseCondition(text, null).holds(everywhere),
    (text) => renderValue(parseExpression(text, null).evaluate(everywhere, { layers: [], next: { candidates: [{ id: 1, logprob: -1 }], entropy: 1 }, lens: [], residuals: {} }), NO_WORDS),
    (text) => parseLogMessage(text, null).render(everywhere),
    (text) => parseFunctionBreakpoint(text, text, null).holds(everywhere),
    (text) => parseDataCondition(text, 'write')(1, 0),
    (text) => parseHitCondition(text)(1),
    (text) => parseFeatureValue(text),
    (text) => completeExpression(text, Math.floor(text.length / 2), { bounds: null, features: [], mayLook: true }),
    (text) => explainWord(text, Math.floor(text.length / 2), NO_WORDS),
  ]
  let read = 0
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: 1 + Math.floor(random() * 9) }, () => SCRAPS[Math.floor(random() * SCRAPS.length)]!).join(random() < 0.5 ? ' ' : '')
    for (const reader of readers) {
      try {
        reader(text)
        read++
      } catch (error) {
        if (!(error instanceof InputError) || error.message.includes('\n')) throw new Error(`${JSON.stringify(text)} throws ${String(error)}`, { cause: error })
      }
    }
  }
  // Completion and hover always answer; enough of the others do, else the texts would show nothing.
  expect(read).toBeGreaterThan(4_600)
})

it('prints a tree so that the same tree is read back, for 1,000 random trees', () => {
  const random = randomNumbers(6)
  for (let round = 0; round < 1000; round++) {
    const tree = randomTree(random, 2 + (round % 3))
    expect(withoutRanges(parseTree({ what: 'expression', text: printTree(tree) }).tree)).toEqual(withoutRanges(tree))
  }
})

it.each([
  ['nested repeats', '(a+)+$b'],
  ['overlapping branches', '(a|aa)*b$'],
  ['equal branches', '(a|a)*(a|a)*(a|a)*c|b$'],
  ['repeats of nothing', '(.*)*x|(a?){90}$'],
  ['many repeats', '(a*)*'.repeat(190) + 'b'],
  ['many options', 'a?'.repeat(480) + 'b'],
])('searches 20,000 letters where a backtracking search would not end: %s', (_, pattern) => {
  const long = factsOf([{ text: 'a'.repeat(20_000), generated: true }])[0]!
  // The test's own time limit is what fails here: exponential time does not come back.
  expect(typeof parseCondition(`completion matches /${pattern}/`, null).holds(long)).toBe('boolean')
})

const NOWHERE = { start: 0, end: 0 }

function randomTree(random: () => number, depth: number): Tree {
  const integer = (below: number): number => Math.floor(random() * below)
  const pick = <T>(...choices: readonly T[]): T => choices[integer(choices.length)]!
  const below = (): Tree => randomTree(random, depth - 1)
  const range = NOWHERE
  if (depth === 0) {
    return pick<Tree>(
      { kind: 'number', value: pick(0, 1, 0.5, 1e21, 5e-7, integer(1000)), range },
      { kind: 'text', value: pick('', ' a', '"', "'", '\\', '\n/', '中'), range },
      { kind: 'feature', feature: { layer: integer(40), feature: integer(99999) }, range },
      { kind: 'name', name: pick('prob', 'text', 'nobody'), range },
      { kind: 'call', name: pick('top', 'token', 'unknown'), numbers: pick([], [14], [14, 5], [-1]), range },
    )
  }
  return pick<() => Tree>(
    () => ({ kind: 'member', of: below(), name: pick('text', 'other'), nameRange: range, range }),
    () => ({ kind: 'minus', of: below(), range }),
    () => ({ kind: 'not', of: below(), range }),
    () => ({ kind: 'arithmetic', sign: pick('+', '-', '*', '/', '%'), left: below(), right: below(), range }),
    () => ({ kind: 'compare', sign: pick('<', '<=', '>', '>=', '==', '!='), left: below(), right: below(), range }),
    () => ({ kind: 'matches', left: below(), pattern: pick('a', '[/]', '\\/{2}', '"'), flags: pick('', 'i'), patternRange: range, range }),
    () => ({ kind: pick('and', 'or', 'in'), left: below(), right: below(), range }),
  )()
}

function withoutRanges(tree: Tree): unknown {
  return JSON.parse(JSON.stringify(tree, (key, value: unknown) => (/range$/i.test(key) ? undefined : value)))
}

/** Numbers 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
