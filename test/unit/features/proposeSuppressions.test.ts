// How features to suppress are proposed: by what suppressing them does, not by how they fire alone.
import { describe, expect, it } from 'vitest'
import type { GenerateEvent, GenerateRequest, GenerateResult, TokenReport } from '../../../server/engine/engine'
import { createFaultMeasure } from '../../../server/features/faultMeasure'
import { proposeSuppressions, trySuppressionsTogether } from '../../../server/features/proposeSuppressions'
import { detectFaults } from '../../../server/runs/detectors'
import { fakeRun, words } from '../runs/fakeRun'

const f = (feature: number, activation: number) => ({ feature, activation })
const report = (index: number, extra: Partial<TokenReport> = {}): TokenReport => ({ index, id: 0, generated: false, logprob: -1, alternatives: [], entropy: 0, rank: 1, features: {}, featuresAfterEdit: {}, residualNorm: {}, fired: [], ...extra })

const HAN = 900
const tokenText = (id: number): string => (id === HAN ? '从' : 'word')

describe('measure', () => {
  it('of a switch is the probability of the foreign script, wherever in the answer it might have happened', () => {
    const run = fakeRun(['tell', ' me'], [' so', ' it', '从', '前', '有'])
    const measure = createFaultMeasure(run, detectFaults(run)[0]!, tokenText)
    const likely = (share: number) => ({ alternatives: [{ id: 3, logprob: Math.log(0.1) }, { id: HAN, logprob: Math.log(share) }] })
    const reports = [report(0), report(1, likely(0.9)), report(2, likely(0.1)), report(3, likely(0.2)), report(4, likely(0.4)), report(5, likely(0.9)), report(6)]
    // Not the prompt's token 1, and not what followed the switch at token 4.
    expect(measure.length).toBe(5)
    expect(measure.amount(reports)).toBeCloseTo(0.7, 12)
    expect(measure.weights(reports).map((weight) => Number(weight.toFixed(6)))).toEqual([0, 0.1, 0.2, 0.4, 0])
  })

  it('of a loop is the probability that its first unit is repeated often enough, decided where that was not yet sure', () => {
    const run = fakeRun(['p'], words('x a b c d a b c d a b c d a b c d'))
    const measure = createFaultMeasure(run, detectFaults(run)[0]!, tokenText)
    const reports = run.tokens.map(({ index }) => report(index, { logprob: index === 6 || index === 10 ? Math.log(0.5) : 0 }))
    // Three units of four tokens from token 2 on; a fourth follows from them.
    expect(measure.length).toBe(14)
    expect(measure.amount(reports)).toBeCloseTo(0.25, 12)
    expect(measure.weights(reports).map((weight) => Number(weight.toFixed(6)))).toEqual([0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0.5, 0, 0, 0, 0])
  })
})

it('ranks the feature that causes the fault above one that only accompanies it', async () => {
  const run = fakeRun(['tell', ' me'], [' so', ' it', '从', '前', '有'], { 0: [] })
  const requests: GenerateRequest[] = []
  // Features 8 and 7 both fire where Han is likely, 8 more strongly; suppressing 7 makes Han unlikely, suppressing 8 only changes another token.
  const generate = async (request: GenerateRequest, onEvent: (event: GenerateEvent) => void): Promise<GenerateResult> => {
    requests.push(request)
    const suppressed = request.edits.at(-1)?.feature.feature
    const share = suppressed === 7 ? 0.05 : 0.5
    const tokens = request.promptIds.map((_, index) =>
      report(index, { features: { 0: index === 3 ? [f(8, 9), f(7, 5)] : [f(1, 1)] }, logprob: index === 2 && suppressed === 8 ? -4 : -1, alternatives: index === 4 ? [{ id: HAN, logprob: Math.log(share) }] : [] }))
    onEvent({ kind: 'tokens', tokens })
    return { reason: 'length', reusedTokens: 0, prefillMs: 0, decodeMsPerToken: 0, captured: null }
  }
  const progress: number[] = []
  const proposals = await proposeSuppressions({
    faulty: [{ run, fault: detectFaults(run)[0]! }], edits: [], count: 5, k: 2, labels: new Map(), engine: { generate }, tokenText, onProgress: (fraction) => progress.push(fraction), signal: new AbortController().signal,
  })
  // 8 makes Han no less likely, so it is not proposed at all.
  expect(proposals.map(({ feature, faultDrop, sideEffect }) => [feature.feature, Number(faultDrop.toFixed(9)), sideEffect])).toEqual([[7, Number(Math.log(10).toFixed(9)), 0]])
  expect(requests.map(({ promptIds, generate, edits }) => [promptIds.length, generate, edits.length])).toEqual([[5, 0, 0], [5, 0, 1], [5, 0, 1]])
  expect(progress).toEqual([0.5, 1])
})

it('tries several suppressions at once', async () => {
  const run = fakeRun(['tell', ' me'], [' so', ' it', '从', '前', '有'], { 0: [] })
  const lines: number[][] = []
  // Either feature keeps Han likely by itself; only without both is it not.
  const generate = async ({ promptIds, edits }: GenerateRequest, onEvent: (event: GenerateEvent) => void): Promise<GenerateResult> => {
    lines.push(edits.map(({ feature }) => feature.feature))
    const share = edits.length > 1 ? 0.125 : 0.5
    onEvent({ kind: 'tokens', tokens: promptIds.map((_, index) => report(index, { logprob: -1 - 0.25 * edits.length, alternatives: index === 4 ? [{ id: HAN, logprob: Math.log(share) }] : [] })) })
    return { reason: 'length', reusedTokens: 0, prefillMs: 0, decodeMsPerToken: 0, captured: null }
  }
  const request = { faulty: [{ run, fault: detectFaults(run)[0]! }], edits: [], count: 5, k: 2, labels: new Map(), engine: { generate }, tokenText, signal: new AbortController().signal }
  const { faultDrop, sideEffect } = await trySuppressionsTogether(request, [{ layer: 0, feature: 7 }, { layer: 0, feature: 8 }])
  expect([faultDrop, sideEffect]).toEqual([expect.closeTo(Math.log(4), 9), 0.5])
  expect(lines).toEqual([[], [7, 8]])
})
