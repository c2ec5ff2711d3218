// How a run's record grows from the engine's reports.
import { describe, expect, it } from 'vitest'
import type { TokenReport } from '../../../server/engine/engine'
import { parseEditLine } from '../../../server/formats/editLine'
import { bytesDisplay, createTextStream } from '../../../server/formats/tokenText'
import { featureHeat } from '../../../server/runs/heat'
import { prepareTokenIds } from '../../../server/runs/preparePrompt'
import { createRunRecorder, type RunHeader } from '../../../server/runs/runDetail'
import { buildTrace } from '../../../server/runs/trace'

// A tokenizer of bytes by id: 3 and 4 are the two halves of 从, whose bytes are e4 bb 8e.
const vocabulary = ['Hi', ' there', '!', [0xe4, 0xbb], [0x8e], '\r\n'].map((entry) => (typeof entry === 'string' ? new TextEncoder().encode(entry) : Uint8Array.from(entry)))
const bytesOf = (id: number): Uint8Array => vocabulary[id]!
const tokenizer = {
  display: (id: number) => bytesDisplay(bytesOf(id)),
  createTextStream: () => createTextStream(bytesOf),
  encode: () => [],
  leastTokens: () => 0,
  idOf: () => null,
  pieces(ids: readonly number[]) {
    const stream = createTextStream(bytesOf)
    return ids.map((id) => ({ text: stream.push(id), display: bytesDisplay(bytesOf(id)) }))
  },
}

const header: RunHeader = {
  id: 'r1', name: 'greeting #1', promptUri: 'file:///greeting.prompt', createdAt: '2026-01-01T00:00:00.000Z',
  model: { path: '/m', architecture: 'qwen3', layers: 2, dModel: 4, precision: 'exact', provider: 'cpu' }, sae: { path: '/s', dSae: 8, k: 2 },
  sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, generate: 4, edits: [parseEditLine('L1/2 = 0').edit!, parseEditLine('L1/5 += 1 @ last').edit!], layers: [0, 1], saeLayers: [0, 1, 3], parentRunId: null, loadMs: 7,
}

function report(index: number, id: number, extra: Partial<TokenReport> = {}): TokenReport {
  return {
    index, id, generated: index >= 2, logprob: index === 0 ? null : -0.5, alternatives: index === 0 ? [] : [{ id: 3, logprob: -0.5 }], entropy: index === 0 ? null : 1, rank: index === 0 ? null : 1,
    features: { 0: [{ feature: 3, activation: 2 }, { feature: 4, activation: 1 }], 1: [{ feature: 2, activation: index }] }, featuresAfterEdit: { 1: [] }, residualNorm: { 0: 1, 1: 2 }, fired: [], ...extra,
  }
}

function record(reports: readonly TokenReport[], ended = true) {
  const recorder = createRunRecorder(header, prepareTokenIds([0, 1], tokenizer), tokenizer)
  recorder.add(reports)
  if (ended) recorder.end({ kind: 'done', reason: 'length' }, { reusedTokens: 1, prefillMs: 10, decodeMsPerToken: 5 })
  return recorder
}

describe('run document', () => {
  it('is the prompt before anything has come, then grows', () => {
    const recorder = record([], false)
    expect(recorder.text()).toBe('Hi there')
    recorder.add([report(0, 0), report(1, 1), report(2, 2)])
    expect(recorder.text()).toBe('Hi there!')
    expect(recorder.summary()).toMatchObject({ status: { kind: 'running' }, promptTokens: 2, generatedTokens: 1, preview: '!' })
  })

  it('gives a character of two tokens to the second, and both their bytes to look at', () => {
    const { tokens, text, generatedStart } = record([report(0, 0), report(1, 1), report(2, 3), report(3, 4), report(4, 2)]).detail()
    expect(text.slice(generatedStart)).toBe('从!')
    expect(tokens.slice(2).map((token) => [token.text, token.display, text.slice(token.range.start, token.range.end)])).toEqual([['', '⟨e4 bb⟩', ''], ['从', '⟨8e⟩', '从'], ['!', '!', '!']])
  })

  it('shows a character that was never completed', () => {
    const { tokens, text } = record([report(0, 0), report(1, 1), report(2, 3)]).detail()
    expect([text, tokens[2]!.text]).toEqual(['Hi there\ufffd', '\ufffd'])
  })

  it('shows carriage returns as their picture, so that no place shifts, and keeps them in the token', () => {
    const { tokens, text } = record([report(0, 0), report(1, 1), report(2, 5), report(3, 2)]).detail()
    expect([text, tokens[2]!.text, tokens[3]!.range]).toEqual(['Hi there␍\n!', '\r\n', { start: 10, end: 11 }])
  })
})

it('marks position 0 and residuals ten times the median as outliers', () => {
  const reports = [0, 1, 2, 3, 4].map((index) => report(index, 2, { residualNorm: { 0: 1, 1: index === 3 ? 25 : 2 } }))
  expect(record(reports).detail().tokens.map((token) => token.outlier)).toEqual([true, false, false, true, false])
})

it('says where each edit fired', () => {
  const run = record([report(0, 0), report(1, 1, { fired: [0, 1] }), report(2, 2, { fired: [0] })]).detail()
  expect(run.edits).toEqual([{ edit: 'L1/2 = 0', firedAt: [1, 2] }, { edit: 'L1/5 += 1 @ last', firedAt: [1] }])
})

it('is a trace of the contract, with no more features than asked for', () => {
  const trace = buildTrace(record([report(0, 0), report(1, 1), report(2, 2)]).detail(), 1)
  expect(Object.keys(trace)).toEqual(['model', 'sae', 'tokens', 'features', 'featuresAfterEdit', 'edits', 'timing'])
  expect(trace.tokens[2]).toEqual({ index: 2, id: 2, text: '!', generated: true, logprob: -0.5, alternatives: [{ id: 3, text: '⟨e4 bb⟩', logprob: -0.5 }] })
  expect(trace.features).toEqual({ 0: [[{ feature: 3, activation: 2 }], [{ feature: 3, activation: 2 }], [{ feature: 3, activation: 2 }]], 1: [[{ feature: 2, activation: 0 }], [{ feature: 2, activation: 1 }], [{ feature: 2, activation: 2 }]] })
  expect(trace.featuresAfterEdit).toEqual({ 1: [[], [], []] })
  expect(trace.timing).toEqual({ loadMs: 7, prefillMs: 10, decodeMsPerToken: 5 })
})

it('knows one feature’s activation over all tokens', () => {
  const run = record([report(0, 0), report(1, 1), report(2, 2)]).detail()
  expect(featureHeat(run, { layer: 1, feature: 2 })).toEqual({ runId: 'r1', feature: { layer: 1, feature: 2 }, activations: [0, 1, 2], after: [0, 0, 0], max: 2 })
  expect(featureHeat(run, { layer: 0, feature: 7 }).max).toBe(0)
  expect(() => featureHeat(run, { layer: 4, feature: 2 })).toThrow('layer 4 was not read in this run')
})
