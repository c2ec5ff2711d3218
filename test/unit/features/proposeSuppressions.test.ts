// How features to suppress are proposed: by what suppressing them does, not by how they fire alone.
import { expect, it } from 'vitest'
import type { GenerateEvent, GenerateRequest, GenerateResult, TokenReport } from '../../../server/engine/engine'
import { proposeSuppressions, tokensToContrast } from '../../../server/features/proposeSuppressions'
import { detectFaults } from '../../../server/runs/detectors'
import { fakeRun, words } from '../runs/fakeRun'

const f = (feature: number, activation: number) => ({ feature, activation })

it('looks where the fault is predicted: one token earlier, and from the second unit of a loop on', () => {
  const [languageSwitch] = detectFaults(fakeRun(['p', 'hello'], [' a', '从', '前', '有']))
  expect(tokensToContrast(languageSwitch!)).toEqual([2, 3, 4])
  const [loop] = detectFaults(fakeRun(['p'], words('x a b c d a b c d a b c d')))
  expect(tokensToContrast(loop!)).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
})

it('ranks the feature that causes the fault above one that only accompanies it', async () => {
  // Both features fire before each Han token, 8 more strongly; suppressing 7 makes Han unlikely, suppressing 8 changes other tokens.
  const run = fakeRun(['tell', ' me'], [' so', '从', '前', '有'], { 0: [[], [f(1, 1)], [f(8, 9), f(7, 5)], [f(8, 9), f(7, 5)], [f(8, 9), f(7, 5)], [f(1, 1)]] })
  const requests: GenerateRequest[] = []
  const generate = async (request: GenerateRequest, onEvent: (event: GenerateEvent) => void): Promise<GenerateResult> => {
    requests.push(request)
    const suppressed = request.edits.at(-1)!.feature.feature
    const tokens = request.promptIds.map((id, index): TokenReport => ({
      index, id, generated: false, logprob: index >= 3 ? (suppressed === 7 ? -6 : -1) : suppressed === 8 ? -4 : -1, alternatives: [], features: {}, featuresAfterEdit: {}, residualNorm: {}, fired: [],
    }))
    onEvent({ kind: 'tokens', tokens })
    return { reason: 'length', reusedTokens: 0, prefillMs: 0, decodeMsPerToken: 0, captured: null }
  }
  const fault = detectFaults(run)[0]!
  const proposals = await proposeSuppressions([{ run, fault }], new Map(), 5, { generate }, [], () => {}, new AbortController().signal)
  // 8 makes no Han token less likely, so it is not proposed at all.
  expect(proposals.map(({ feature, faultDrop, sideEffect }) => [feature.feature, faultDrop, sideEffect])).toEqual([[7, 5, 0]])
  expect(requests.every((request) => request.generate === 0 && request.promptIds.length === 6)).toBe(true)
})
