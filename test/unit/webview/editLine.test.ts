// Edit lines as the panel writes them, checked with the parser that the worker uses.
import { describe, expect, it } from 'vitest'
import { parseEditLine } from '../../../server/formats/editLine'
import { boost, boostLine, boostUnits, editsDiffer, readEditLine, suppressLine, suppression } from '../../../webview/scope/editLine'
import { edits } from './runFixture'

const FEATURE = { layer: 3, feature: 1021 }

describe('lines the panel writes', () => {
  it.each([
    [1, 6.2, 'L3/1021 += 6.2'],
    [-0.25, 6.2, 'L3/1021 += -1.55'],
    [4, 812.3456, 'L3/1021 += 3250'],
    [0.25, 0.0000072, 'L3/1021 += 0.0000018'],
  ])('boosts by %s times %s as %s', (units, unit, line) => {
    expect(boostLine(FEATURE, units, unit)).toBe(line)
    expect(parseEditLine(line).edit).toMatchObject({ feature: FEATURE, operation: { kind: 'add', value: readEditLine(line)!.value }, positions: { kind: 'all' } })
  })

  it('suppresses by setting to 0', () => {
    expect(suppressLine(FEATURE)).toBe('L3/1021 = 0')
    expect(parseEditLine(suppressLine(FEATURE)).edit?.operation).toEqual({ kind: 'set', value: 0 })
  })

  it('finds the slider position of a line it wrote', () => {
    for (const units of [-4, -1.25, 0.25, 1, 3.5]) expect(boostUnits(readEditLine(boostLine(FEATURE, units, 6.237))!.value, 6.237, 0.25, 4)).toBe(units)
    expect(boostUnits(1000, 6.2, 0.25, 4)).toBe(4)
  })
})

describe('lines the panel reads', () => {
  it.each([
    ['L14/6159 = 0', { operator: '=', value: 0, positions: null }],
    ['  L14 / 6159+=-2e1 # comment', { operator: '+=', value: -20, positions: null }],
    ['L14/6159 *= .5 @ 3-7,12', { operator: '*=', value: 0.5, positions: '3-7,12' }],
    ['L14/6159 = x', null],
    ['nonsense', null],
  ])('%s', (line, parts) => expect(readEditLine(line)).toEqual(parts))

  it('knows suppression and boost on all tokens from other edits of the feature', () => {
    expect(suppression(edits('L3/1021 = 0'), FEATURE)?.id).toBe('e0')
    expect(suppression(edits('L3/1021 = 0 @ last', 'L3/1021 = 2', 'L3/1022 = 0'), FEATURE)).toBeNull()
    expect(boost(edits('L3/1021 = 0', 'L3/1021 += 4'), FEATURE)?.id).toBe('e1')
  })

  it('tells whether a re-run would use other edits', () => {
    const ran = [{ edit: 'L3/1021 = 0' }, { edit: 'L4/2 += 1' }]
    expect(editsDiffer(edits('L4/2 += 1', 'L3/1021=0  # why'), ran)).toBe(false)
    expect(editsDiffer(edits('L3/1021 = 0'), ran)).toBe(true)
    const disabled = edits('L3/1021 = 0', 'L4/2 += 1')
    expect(editsDiffer({ ...disabled, edits: disabled.edits.map((edit, i) => ({ ...edit, enabled: i === 0 })) }, ran)).toBe(true)
  })
})
