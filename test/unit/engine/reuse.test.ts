// How much of a computed sequence holds for a new request, layer by layer.
import { describe, expect, it } from 'vitest'
import { planEdits } from '../../../server/engine/editPlan'
import type { PositionRecord } from '../../../server/engine/sequence/positionRecord'
import { reusable, type ComputedSequence, type ReuseRequest } from '../../../server/engine/sequence/reuse'
import type { Edit, EditOperation, EditPositions } from '../../../server/protocol/values'

const LAYERS = 4
const MODEL = { layers: LAYERS, saeLayers: [0, 1, 2, 3], dSae: 100 }

/** A sequence of tokens 10, 11, 12, … whose feature L1/position fires at its own position only, at 2; computed whole unless `computedAt` says less. */
function sequence(length: number, { prompt = 4, key = 'greedy', positions = length, computedAt = (): number => length }: { prompt?: number; key?: string; positions?: number; computedAt?: (layer: number) => number } = {}): ComputedSequence {
  const records = Array.from({ length }, (_, position): PositionRecord => ({
    token: 10 + position,
    chosenBy: position < prompt ? null : key,
    prediction: null,
    readings: new Map([[1, { top: { features: Int32Array.of(position), activations: Float32Array.of(2) }, after: null, norm: 1 }]]),
    edited: new Map(),
  }))
  return { records, positions, residuals: { computedAt }, editsKey: null }
}

const edit = (feature: number, operation: EditOperation, positions: EditPositions = { kind: 'all' }, layer = 1): Edit => ({ feature: { layer, feature }, operation, positions })

function request({ prompt = 4, max = 8, edits = [] as Edit[], ...rest }: Partial<Omit<ReuseRequest, 'edits'>> & { prompt?: number; max?: number; edits?: Edit[] } = {}): ReuseRequest {
  const knownIds = Array.from({ length: prompt }, (_, position) => 10 + position)
  return { knownIds, maxTokens: max, samplingKey: 'greedy', stopIds: new Set(), edits: planEdits(edits, MODEL, prompt), ...rest }
}

/** Tokens, positions, whether it is done, and the positions that hold at each layer. */
function reuse(computed: ComputedSequence, wanted: ReuseRequest) {
  const { tokens, positions, done, holdsAt } = reusable(computed, wanted)
  return { tokens, positions, done, layers: Array.from({ length: LAYERS }, (_, layer) => holdsAt(layer)) }
}

const whole = (positions: number, done = false) => ({ tokens: positions, positions, done, layers: [positions, positions, positions, positions] })

describe('without edits', () => {
  it.each<[string, ReuseRequest, ReturnType<typeof reuse>]>([
    ['takes everything when the request asks for no more', request(), whole(8, true)],
    ['takes a part when it asks for less', request({ max: 6 }), whole(6, true)],
    ['takes everything and goes on when it asks for more', request({ max: 12 }), whole(8)],
    ['takes what stands before a token that differs', request({ knownIds: [10, 11, 99, 13] }), whole(2)],
    ['takes nothing of another text', request({ knownIds: [99] }), whole(0)],
    ['does not take a prompt token for a generated one', request({ prompt: 2 }), whole(2)],
    ['takes a generated token for a prompt token', request({ prompt: 6 }), whole(8, true)],
    ['draws anew with another sampling', request({ samplingKey: '1 1 0 0' }), whole(4)],
    ['ends where a generated token stops the request', request({ stopIds: new Set([15]) }), whole(6, true)],
    ['does not let a prompt token stop it', request({ stopIds: new Set([12]) }), whole(8, true)],
  ])('%s', (_, wanted, expected) => {
    expect(reuse(sequence(8), wanted)).toEqual(expected)
  })

  it('takes layers that were computed further than those above them', () => {
    const partly = sequence(8, { positions: 3, computedAt: (layer) => (layer <= 1 ? 7 : 3) })
    expect(reuse(partly, request())).toEqual({ tokens: 8, positions: 3, done: false, layers: [7, 7, 3, 3] })
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
  ])('%s, and only above its layer', (_, one, positions) => {
    expect(reuse(sequence(8), request({ edits: [one] }))).toEqual({ tokens: 8, positions, done: positions === 8, layers: [8, 8, positions, positions] })
  })

  it('holds for the same change however it is written', () => {
    const edited = sequence(8)
    const computed = { ...edited, records: edited.records.map((record, position) => (position === 5 ? { ...record, edited: new Map([[1, new Map([[5, -2]])]]) } : record)) }
    expect(reuse(computed, request({ edits: [edit(5, { kind: 'set', value: 0 })] }))).toEqual(whole(8, true))
    expect(reuse(computed, request({ edits: [edit(5, { kind: 'scale', value: 0 })] }))).toEqual(whole(8, true))
    expect(reuse(computed, request({ edits: [edit(5, { kind: 'set', value: 1 }, { kind: 'ranges', ranges: [[5, 5]] })] })).positions).toBe(5)
    // And what was computed with an edit is not taken for a request without it.
    expect(reuse(computed, request())).toEqual({ tokens: 8, positions: 5, done: false, layers: [8, 8, 5, 5] })
  })

  it('does not guess at a layer that was not read', () => {
    const unread = edit(3, { kind: 'set', value: 0 }, { kind: 'ranges', ranges: [[6, 6]] }, 2)
    expect(reuse(sequence(8), request({ edits: [unread] }))).toEqual({ tokens: 8, positions: 6, done: false, layers: [8, 8, 8, 6] })
  })

  it('takes less the higher the layer when several edits differ', () => {
    const edits = [edit(50, { kind: 'add', value: 1 }, { kind: 'ranges', ranges: [[6, 6]] }, 0), edit(50, { kind: 'add', value: 1 }, { kind: 'ranges', ranges: [[2, 2]] }, 2)]
    expect(reuse(sequence(8), request({ edits }))).toEqual({ tokens: 8, positions: 2, done: false, layers: [8, 6, 6, 2] })
  })

  it('counts an edit of the last layer against the logits alone', () => {
    const last = edit(50, { kind: 'add', value: 1 }, { kind: 'ranges', ranges: [[3, 3]] }, 3)
    expect(reuse(sequence(8), request({ edits: [last] }))).toEqual({ tokens: 8, positions: 3, done: false, layers: [8, 8, 8, 8] })
  })
})
