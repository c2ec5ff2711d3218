// An edit from a token on: what the lines become, and that no earlier position notices.
import { describe, expect, it } from 'vitest'
import { indicesAfterEditFrom, withEditFrom } from '../../../server/debug/editsFrom'
import { planEdits } from '../../../server/engine/editPlan'
import { parseEditLine, renderEdit } from '../../../server/formats/editLine'
import { OPEN_END, type Edit, type EditOperation, type EditPositions, type FeatureId } from '../../../server/protocol/values'
import { randomNumbers } from '../randomNumbers'

const FEATURE: FeatureId = { layer: 1, feature: 5 }
const SUPPRESS: EditOperation = { kind: 'set', value: 0 }
const PROMPT = 4

const lines = (texts: readonly string[]): Edit[] => texts.map((text) => parseEditLine(text).edit!)

describe('an edit from a token on', () => {
  const check = (edits: readonly string[], position: number, operation: EditOperation | null, expected: readonly string[]): void =>
    expect(withEditFrom(lines(edits), position, PROMPT, FEATURE, operation).map(renderEdit)).toEqual(expected)

  it('is an open range', () => check([], 12, SUPPRESS, ['L1/5 = 0 @ 12-']))
  it('is written generated from the first generated token on', () => check([], PROMPT, SUPPRESS, ['L1/5 = 0 @ generated']))
  it('needs no positions from the first token on', () => check([], 0, SUPPRESS, ['L1/5 = 0']))
  it('leaves other features alone', () => check(['L1/6 += 2', 'L0/5 = 1 @ 3-20'], 12, SUPPRESS, ['L1/6 += 2', 'L0/5 = 1 @ 3-20', 'L1/5 = 0 @ 12-']))
  it('cuts every kind of positions to those before', () => {
    check(['L1/5 += 2'], 12, SUPPRESS, ['L1/5 += 2 @ 0-11', 'L1/5 = 0 @ 12-'])
    check(['L1/5 += 2'], PROMPT, SUPPRESS, ['L1/5 += 2 @ prompt', 'L1/5 = 0 @ generated'])
    check(['L1/5 += 2 @ prompt'], 2, SUPPRESS, ['L1/5 += 2 @ 0-1', 'L1/5 = 0 @ 2-'])
    check(['L1/5 += 2 @ prompt'], 9, SUPPRESS, ['L1/5 += 2 @ prompt', 'L1/5 = 0 @ 9-'])
    check(['L1/5 += 2 @ generated'], 9, SUPPRESS, ['L1/5 += 2 @ 4-8', 'L1/5 = 0 @ 9-'])
    check(['L1/5 += 2 @ generated'], 3, SUPPRESS, ['L1/5 = 0 @ 3-'])
    check(['L1/5 += 2 @ last'], 4, SUPPRESS, ['L1/5 += 2 @ last', 'L1/5 = 0 @ generated'])
    check(['L1/5 += 2 @ last'], 3, SUPPRESS, ['L1/5 = 0 @ 3-'])
    check(['L1/5 += 2 @ 3-7,12,20-'], 12, SUPPRESS, ['L1/5 += 2 @ 3-7', 'L1/5 = 0 @ 12-'])
    check(['L1/5 += 2 @ 3-7,12,20-'], 25, SUPPRESS, ['L1/5 += 2 @ 3-7,12,20-24', 'L1/5 = 0 @ 25-'])
  })
  it('takes the edits away when there is no operation', () => {
    check(['L1/5 += 2', 'L1/5 = 0 @ 30-'], 12, null, ['L1/5 += 2 @ 0-11'])
    check(['L1/5 += 2'], 0, null, [])
  })
  it('goes on with an edit that does the same', () => {
    check(['L1/5 = 0 @ 3-11'], 12, SUPPRESS, ['L1/5 = 0 @ 3-'])
    check(['L1/5 = 0', 'L1/5 = 9 @ 40-'], 12, SUPPRESS, ['L1/5 = 0'])
    check(['L1/5 = 0 @ 8-10,3-5'], 11, SUPPRESS, ['L1/5 = 0 @ 3-5,8-'])
    check(['L1/5 = 0 @ 3-10'], 12, SUPPRESS, ['L1/5 = 0 @ 3-10', 'L1/5 = 0 @ 12-'])
  })

  it('changes nothing before its position, and all of the feature from there on, for 600 random sets', () => {
    const random = randomNumbers(3)
    const integer = (below: number): number => Math.floor(random() * below)
    const pick = <T>(values: readonly T[]): T => values[integer(values.length)]!
    const operation = (): EditOperation => ({ kind: pick(['set', 'add', 'scale'] as const), value: integer(3) })
    const ranges = (): EditPositions => ({ kind: 'ranges', ranges: Array.from({ length: 1 + integer(3) }, () => { const first = integer(14); return [first, integer(4) === 0 ? OPEN_END : first + integer(6)] as const }) })
    const positions = (): EditPositions => pick<() => EditPositions>([() => ({ kind: 'all' }), () => ({ kind: 'prompt' }), () => ({ kind: 'generated' }), () => ({ kind: 'last' }), ranges, ranges])()
    const model = { layers: 3, saeLayers: [0, 1, 2], dSae: 8 }
    for (let round = 0; round < 600; round++) {
      const promptLength = 1 + integer(8)
      const edits = Array.from({ length: integer(5) }, (): Edit => ({ feature: { layer: pick([1, 2]), feature: pick([5, 6]) }, operation: operation(), positions: positions() }))
      const position = integer(16)
      const wanted = integer(5) === 0 ? null : operation()
      const after = withEditFrom(edits, position, promptLength, FEATURE, wanted)
      const story = `${edits.map(renderEdit).join('; ')} from ${position} of ${promptLength}: ${JSON.stringify(wanted)} gives ${after.map(renderEdit).join('; ')}`
      expect(after.map((edit) => parseEditLine(renderEdit(edit)).edit), story).toEqual(after)
      const [then, now] = [planEdits(edits, model, promptLength), planEdits(after, model, promptLength)]
      const moved = indicesAfterEditFrom(edits, position, promptLength, FEATURE)
      for (let at = 0; at < 22; at++) {
        for (const layer of [1, 2]) {
          const [old, active] = [then.at(layer, at), now.at(layer, at)]
          if (at < position) {
            expect(active, `${story}, at ${at}`).toEqual(old.map((edit) => ({ ...edit, index: moved[edit.index] })))
            continue
          }
          const isOther = ({ feature }: { feature: number }): boolean => layer !== FEATURE.layer || feature !== FEATURE.feature
          expect(active.filter(isOther).map((edit) => edit.index), `${story}, at ${at}`).toEqual(old.filter(isOther).map((edit) => moved[edit.index]))
          const own = active.filter((edit) => !isOther(edit)).map((edit) => edit.operation)
          if (layer === FEATURE.layer) expect(own, `${story}, at ${at}`).toEqual(wanted ? [wanted] : [])
        }
      }
    }
  })
})
