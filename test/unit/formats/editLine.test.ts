// Edit lines: every form of the grammar, the sentence for every mistake, and that writing and reading are inverse.
import { describe, expect, test } from 'vitest'
import { parseEditLine, parseFeature, parseSteerFile, renderEdit, renderFeature } from '../../../server/formats/editLine'
import { OPEN_END, type Edit } from '../../../server/protocol/values'
import { randomNumbers } from '../randomNumbers'

const feature = { layer: 14, feature: 6159 }

describe('an edit line', () => {
  const forms: [string, Edit['operation'], Edit['positions']][] = [
    ['L14/6159 = 0', { kind: 'set', value: 0 }, { kind: 'all' }],
    ['L14/6159=0', { kind: 'set', value: 0 }, { kind: 'all' }],
    ['  L14 / 6159   +=   20  ', { kind: 'add', value: 20 }, { kind: 'all' }],
    ['L14/6159 += -1.5e-3', { kind: 'add', value: -0.0015 }, { kind: 'all' }],
    ['L14/6159 *= .5', { kind: 'scale', value: 0.5 }, { kind: 'all' }],
    ['L14/6159 = -0', { kind: 'set', value: 0 }, { kind: 'all' }],
    ['L14/6159 = 3. @ prompt', { kind: 'set', value: 3 }, { kind: 'prompt' }],
    ['L14/6159 = 0@generated', { kind: 'set', value: 0 }, { kind: 'generated' }],
    ['L14/6159 = 0 @ last # why: it switches to Chinese', { kind: 'set', value: 0 }, { kind: 'last' }],
    ['L14/6159 = 0 @ 3-7,12', { kind: 'set', value: 0 }, { kind: 'ranges', ranges: [[3, 7], [12, 12]] }],
    ['L14/6159 = 0 @ 3 - 7 , 12', { kind: 'set', value: 0 }, { kind: 'ranges', ranges: [[3, 7], [12, 12]] }],
    ['L14/6159 = 0 @ 12-', { kind: 'set', value: 0 }, { kind: 'ranges', ranges: [[12, OPEN_END]] }],
    ['L14/6159 = 0 @ 3-7, 12 - # to the end', { kind: 'set', value: 0 }, { kind: 'ranges', ranges: [[3, 7], [12, OPEN_END]] }],
  ]
  test.each(forms)('%s', (line, operation, positions) => {
    expect(parseEditLine(line)).toEqual({ edit: { feature, operation, positions }, problem: null })
  })

  const mistakes: [line: string, sentence: string, underlined: string][] = [
    ['', 'edit "" is empty; write one such as L14/6159 = 0', ''],
    ['L14/6159 + 20', 'edit "L14/6159 + 20" has no operator; write =, += or *=', '+ 20'],
    ['L14/6159', 'edit "L14/6159" has no operator; write =, += or *=', 'L14/6159'],
    ['L14/6159 -= 2', 'edit "L14/6159 -= 2" uses the operator -=; write += and a negative number', '-='],
    ['L14/6159 == 2', 'edit "L14/6159 == 2" uses the operator ==; write =, += or *=', '=='],
    ['14/6159 = 0', 'edit "14/6159 = 0" has no feature at "14/6159"; begin with a layer and a feature index such as L14/6159', '14/6159'],
    ['L14/abc = 0', 'edit "L14/abc = 0" has no feature at "L14/abc"; begin with a layer and a feature index such as L14/6159', 'L14/abc'],
    ['L-1/3 = 0', 'edit "L-1/3 = 0" has no feature at "L-1/3"; begin with a layer and a feature index such as L14/6159', 'L-1/3'],
    ['L14/6159 =', 'edit "L14/6159 =" has no number after the operator; write a number such as 0, 20 or 0.5', ''],
    ['L14/6159 = off', 'edit "L14/6159 = off" has "off" where a number belongs; write a number such as 0, 20 or 0.5', 'off'],
    ['L14/6159 = 1e999', 'edit "L14/6159 = 1e999" has the number 1e999, beyond float32; write a smaller number', '1e999'],
    ['L14/6159 = 0 prompt', 'edit "L14/6159 = 0 prompt" goes on with "prompt"; end the line there, or write @ and positions', 'prompt'],
    ['L14/6159 = 0 @ -12', 'edit "L14/6159 = 0 @ -12" has the positions "-12"; write prompt, generated, last or positions such as 3-7,12 or 12-', '-12'],
    ['L14/6159 = 0 @ 7-3', 'edit "L14/6159 = 0 @ 7-3" has the positions 7-3, which run backwards; write 3-7', '7-3'],
    ['L14/6159 = 0 @ everywhere', 'edit "L14/6159 = 0 @ everywhere" has the positions "everywhere"; write prompt, generated, last or positions such as 3-7,12 or 12-', 'everywhere'],
    ['L14/6159 = 0 @', 'edit "L14/6159 = 0 @" has the positions ""; write prompt, generated, last or positions such as 3-7,12 or 12-', 'L14/6159 = 0 @'],
    ['L14/6159 = 0 @ 3,', 'edit "L14/6159 = 0 @ 3," has the positions ""; write prompt, generated, last or positions such as 3-7,12 or 12-', 'L14/6159 = 0 @ 3,'],
    ['L14/99999999999 = 0', 'edit "L14/99999999999 = 0" has the feature 99999999999, which no model has; write a smaller feature', 'L14/99999999999 = 0'],
  ]
  test.each(mistakes)('%s is explained', (line, sentence, underlined) => {
    const { problem } = parseEditLine(line)
    expect(`${problem?.message}; ${problem?.remedy}`).toBe(sentence)
    expect(line.slice(problem!.range.start, problem!.range.end)).toBe(underlined)
  })

  test('is written as it is read, for 2,000 edits of every kind', () => {
    const random = randomNumbers(7)
    const integer = (below: number) => Math.floor(random() * below)
    for (let round = 0; round < 2000; round++) {
      const value = [0, integer(100), -random() * 1e3, random() * 1e-12, random() * 1e30][integer(5)]! + 0
      const first = integer(4000)
      const edit: Edit = {
        feature: { layer: integer(64), feature: integer(131072) },
        operation: { kind: (['set', 'add', 'scale'] as const)[integer(3)]!, value },
        positions: [
          { kind: 'all' } as const, { kind: 'prompt' } as const, { kind: 'generated' } as const, { kind: 'last' } as const,
          { kind: 'ranges', ranges: Array.from({ length: 1 + integer(3) }, (_, i) => [first + i * 10, integer(8) === 0 ? OPEN_END : first + i * 10 + integer(9)] as const) } as const,
        ][integer(5)]!,
      }
      expect(parseEditLine(renderEdit(edit)), renderEdit(edit)).toEqual({ edit, problem: null })
    }
  })
})

describe('a steer file', () => {
  test('keeps each edit with its place and skips blanks and comments', () => {
    const text = '# calmer answers\n\n  L3/12 = 0 # the swearing\r\nL4/7 += 20 @ generated'
    const file = parseSteerFile(text)
    expect(file.problems).toEqual([])
    expect(file.edits.map(({ edit, line, range }) => [renderEdit(edit), line, text.slice(range.start, range.end)])).toEqual([
      ['L3/12 = 0', 2, 'L3/12 = 0'],
      ['L4/7 += 20 @ generated', 3, 'L4/7 += 20 @ generated'],
    ])
  })

  test('goes on after a line with a problem and says where it is', () => {
    const text = 'L3/12 = 0\nL3/13 + 1\nL3/14 = 0'
    const file = parseSteerFile(text)
    expect(file.edits.map(({ line }) => line)).toEqual([0, 2])
    expect(file.problems.map(({ range }) => text.slice(range.start, range.end))).toEqual(['+ 1'])
  })
})

test('a feature is written L14/6159 and nothing else is one', () => {
  expect(renderFeature(feature)).toBe('L14/6159')
  expect(parseFeature(' L14/6159 ')).toEqual(feature)
  for (const text of ['', 'L14', '14/6159', 'L14/6159 = 0', 'l14/6159', 'L14/-1']) expect(parseFeature(text)).toBeNull()
})
