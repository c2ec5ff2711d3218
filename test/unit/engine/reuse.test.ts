// How much of a remembered sequence holds for a new request.
import { describe, expect, it } from 'vitest'
import { planEdits } from '../../../server/engine/editPlan'
import type { PositionRecord } from '../../../server/engine/positionRecord'
import { reusablePrefix, type ReuseRequest } from '../../../server/engine/reuse'
import type { Edit, EditOperation, EditPositions } from '../../../server/protocol/values'

const MODEL = { layers: 4, saeLayers: [0, 1], dSae: 100 }

/** A sequence of tokens 10, 11, 12, … whose feature L0/position fires at its own position only, at 2. */
function sequence(length: number, { prompt = 4, key = 'greedy' } = {}): PositionRecord[] {
  return Array.from({ length }, (_, position) => ({
    token: 10 + position,
    chosenBy: position < prompt ? null : key,
    prediction: position === 0 ? null : { logprob: -1, candidates: [{ id: 1, logprob: -1 }, { id: 2, logprob: -2 }] },
    readings: new Map([[0, { top: { features: Int32Array.of(position), activations: Float32Array.of(2) }, after: null, norm: 1 }]]),
    edited: new Map(),
  }))
}

const edit = (feature: number, operation: EditOperation, positions: EditPositions = { kind: 'all' }): Edit => ({ feature: { layer: 0, feature }, operation, positions })

function request({ prompt = 4, max = 8, edits = [] as Edit[], ...rest }: Partial<Omit<ReuseRequest, 'edits'>> & { prompt?: number; max?: number; edits?: Edit[] } = {}): ReuseRequest {
  const promptIds = Array.from({ length: prompt }, (_, position) => 10 + position)
  return { promptIds, maxTokens: max, samplingKey: 'greedy', stopIds: new Set(), edits: planEdits(edits, MODEL, prompt), readLayers: [0], candidates: 2, ...rest }
}

describe('without edits', () => {
  it('takes everything when the request asks for no more', () => {
    expect(reusablePrefix(sequence(8), request())).toEqual({ positions: 8, next: 'done' })
    expect(reusablePrefix(sequence(8), request({ max: 6 }))).toEqual({ positions: 6, next: 'done' })
  })

  it('goes on from the last logits when it asks for more', () => {
    expect(reusablePrefix(sequence(8), request({ max: 12 }))).toEqual({ positions: 8, next: 'logits' })
  })

  it('feeds the token before a different one again, because its logits are not kept', () => {
    expect(reusablePrefix(sequence(8), request({ promptIds: [10, 11, 99, 13] }))).toEqual({ positions: 1, next: 'known' })
    expect(reusablePrefix(sequence(8), request({ promptIds: [99] }))).toEqual({ positions: 0, next: 'known' })
  })

  it('does not take a prompt token for a generated one', () => {
    expect(reusablePrefix(sequence(8), request({ prompt: 2 }))).toEqual({ positions: 1, next: 'known' })
  })

  it('takes a generated token for a prompt token', () => {
    expect(reusablePrefix(sequence(8), request({ prompt: 6 }))).toEqual({ positions: 8, next: 'done' })
  })

  it('draws anew with another sampling', () => {
    expect(reusablePrefix(sequence(8), request({ samplingKey: '1 1 0 0' }))).toEqual({ positions: 3, next: 'known' })
  })

  it('ends where a generated token stops the request', () => {
    expect(reusablePrefix(sequence(8), request({ stopIds: new Set([15]) }))).toEqual({ positions: 6, next: 'done' })
    // A prompt token of the same id stops nothing.
    expect(reusablePrefix(sequence(8), request({ stopIds: new Set([12]) }))).toEqual({ positions: 8, next: 'done' })
  })

  it('does not take positions where less was read than is wanted', () => {
    expect(reusablePrefix(sequence(8), request({ readLayers: [0, 1] }))).toEqual({ positions: 0, next: 'known' })
  })

  it('predicts a token anew when too few candidates are known', () => {
    expect(reusablePrefix(sequence(8), request({ candidates: 3 }))).toEqual({ positions: 0, next: 'known' })
  })
})

describe('with edits', () => {
  it.each<[string, Edit, number]>([
    ['suppressing starts where the feature fires', edit(5, { kind: 'set', value: 0 }), 5],
    ['scaling starts where the feature fires', edit(2, { kind: 'scale', value: 3 }), 2],
    ['scaling by 1 changes nothing', edit(2, { kind: 'scale', value: 1 }), 8],
    ['clamping to the value that it has changes nothing there', edit(0, { kind: 'set', value: 2 }), 1],
    ['clamping starts where the value differs', edit(0, { kind: 'set', value: 3 }), 0],
    ['adding starts at the first position that it covers', edit(50, { kind: 'add', value: 1 }, { kind: 'generated' }), 4],
    ['adding 0 changes nothing', edit(50, { kind: 'add', value: 0 }), 8],
    ['an edit beyond the end changes nothing', edit(5, { kind: 'add', value: 1 }, { kind: 'ranges', ranges: [[20, 30]] }), 8],
    ['suppressing elsewhere changes nothing', edit(5, { kind: 'set', value: 0 }, { kind: 'prompt' }), 8],
  ])('%s', (_, one, positions) => {
    expect(reusablePrefix(sequence(8), request({ edits: [one] }))).toEqual({ positions, next: positions === 8 ? 'done' : 'known' })
  })

  it('holds for the same change however it is written', () => {
    const records = sequence(8).map((record, position) => (position === 5 ? { ...record, edited: new Map([[0, new Map([[5, -2]])]]) } : record))
    expect(reusablePrefix(records, request({ edits: [edit(5, { kind: 'set', value: 0 })] })).positions).toBe(8)
    expect(reusablePrefix(records, request({ edits: [edit(5, { kind: 'scale', value: 0 })] })).positions).toBe(8)
    expect(reusablePrefix(records, request({ edits: [edit(5, { kind: 'set', value: 1 }, { kind: 'ranges', ranges: [[5, 5]] })] })).positions).toBe(5)
  })

  it('does not take what was computed with an edit for a request without it', () => {
    const records = sequence(8).map((record, position) => (position === 3 ? { ...record, edited: new Map([[0, new Map([[3, -2]])]]) } : record))
    expect(reusablePrefix(records, request())).toEqual({ positions: 3, next: 'known' })
  })

  it('does not guess at a layer that was not read', () => {
    const unread: Edit = { feature: { layer: 1, feature: 3 }, operation: { kind: 'set', value: 0 }, positions: { kind: 'ranges', ranges: [[6, 6]] } }
    expect(reusablePrefix(sequence(8), request({ edits: [unread], readLayers: [0, 1] }))).toEqual({ positions: 0, next: 'known' })
  })
})
