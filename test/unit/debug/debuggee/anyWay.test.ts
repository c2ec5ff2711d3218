// Whatever way a branch has been gone, its tokens are those of an uninterrupted run: random scripts over a model of hashes, compared exactly.
import { expect, it } from 'vitest'
import type { Branch, DebugToken } from '../../../../server/debug/branch'
import type { Facts } from '../../../../server/debug/facts'
import type { StopRule } from '../../../../server/debug/stopRule'
import { createDebuggee } from '../../../../server/debug/debuggee/createDebuggee'
import { GREEDY } from '../../../../server/protocol/values'
import { openTokenPlaces } from '../../../../server/runs/tokenPlaces'
import { fakeChoice, fakeFeatures, FAKE_LAYERS, fakePrediction, runFakeModel, startFakeModel } from './fakeModel'
import { fakeProgram } from './fakeProgram'
import { FAKE_STOP_ID, FAKE_VOCABULARY } from './fakeTokenizer'
import { runScript, type ScriptStep } from './randomScript'
import { editsOf, runUninterrupted, type Chooser, type RunPlan } from './uninterrupted'
import { randomNumbers } from '../../randomNumbers'

const CONTEXT_LENGTH = 40

const choose: Chooser = ({ ids, promptLength, edits, sampling, count }) => {
  const feed = startFakeModel(promptLength, edits)
  let last = ids.map(feed).at(-1)!
  const chosen: number[] = []
  while (chosen.length < count && chosen.at(-1) !== FAKE_STOP_ID) {
    const id = fakeChoice(last.leaving[FAKE_LAYERS - 1]!, sampling, ids.length + chosen.length)
    chosen.push(id)
    last = feed(id)
  }
  return chosen
}

const RULES: readonly StopRule[] = [
  { id: 1, kind: 'function', needs: { layers: [1], predictions: false }, holds: (at) => at.activation({ layer: 1, feature: 3 }) > 0, counts: null, log: null },
  { id: 2, kind: 'data', needs: { layers: [0, 2], predictions: false }, holds: (at, before) => at.activation({ layer: 2, feature: 5 }) > 0 && before?.activation({ layer: 0, feature: 5 }) === 0, counts: (times) => times >= 2, log: null },
  { id: 3, kind: 'line', needs: { layers: [], predictions: true }, holds: (at) => (at.token.prediction?.rank ?? 0) > 3, counts: (times) => times % 2 === 0, log: null },
  { id: 4, kind: 'line', needs: { layers: [2], predictions: false }, holds: (at) => at.token.text.startsWith(' '), counts: null, log: (at) => `${at.features(2).length}` },
]

it.each([0, 1, 2, 3])('random scripts %i give what uninterrupted runs give', async (group) => {
  for (let seed = group * 50; seed < (group + 1) * 50; seed++) {
    const random = randomNumbers(seed)
    let ticksLeft = Infinity
    let pause = new AbortController()
    const sampling = random() < 0.5 ? GREEDY : { temperature: 0.8, topP: 0.95, topK: 0, seed: seed % 5 }
    const launched = random() < 0.3 ? [{ feature: { layer: 0, feature: 1 }, operation: { kind: 'set', value: 4 } as const }] : []
    const program = fakeProgram({
      contextLength: CONTEXT_LENGTH,
      settings: { sampling, generate: 16, edits: launched.map((edit) => ({ ...edit, positions: { kind: 'all' } })) },
      onTick() {
        if (--ticksLeft === 0) pause.abort()
      },
    })
    const plan: RunPlan = {
      promptIds: program.prompt.ids, edits: launched.map((edit) => ({ ...edit, from: 0 })), samplings: [{ from: 0, sampling }], forced: new Map(), generate: 16,
      contextLength: CONTEXT_LENGTH, stopIds: [FAKE_STOP_ID],
    }
    const debuggee = createDebuggee(program, { onTokens: () => {}, onLog: () => {}, onFork: () => {} })
    const trail: string[] = []
    const plans = await runScript({
      debuggee, plan, random, rules: RULES, vocabSize: FAKE_VOCABULARY, features: [0, 1, 2].flatMap((layer) => [1, 5].map((feature) => ({ layer, feature }))),
      pauseSomewhen() {
        pause = new AbortController()
        ticksLeft = random() < 0.3 ? 1 + Math.floor(random() * 20) : Infinity
        return pause.signal
      },
    }, 25, (step, known) => {
      trail.push(JSON.stringify({ ...step, rules: step.rules.map(({ id }) => id) }))
      expectRightStop(step, debuggee.branch(step.branchId), known.get(step.branchId)!, `script ${seed}\n${trail.join('\n')}`)
    })
    for (const branch of debuggee.branches()) {
      const where = `script ${seed}, branch ${branch.id}\n${trail.join('\n')}`
      const expected = await runUninterrupted(plans.get(branch.id)!, choose)
      const ids = branch.tokens.map(({ id }) => id)
      expect(ids, where).toEqual(branch.ended ? expected : expected.slice(0, ids.length))
      const computed = runFakeModel(ids, program.prompt.ids.length, branch.edits)
      expect(branch.tokens.map(({ fired }) => fired), where).toEqual(computed.map(({ fired }) => fired))
      const predicted = branch.tokens.filter(({ prediction }) => prediction !== null)
      expect(predicted.map(({ prediction }) => prediction), where).toEqual(predicted.map(({ index, id }) => fakePrediction(computed[index - 1]!.leaving[FAKE_LAYERS - 1]!, id, 10)))
      const places = openTokenPlaces(program.prompt, program.tokenizer)
      expect(branch.tokens.map(({ text, display, range, promptRange }) => ({ text, display, range, promptRange })), where).toEqual(ids.map((id) => places.push(id)))
      expect(program.records[branch.id - 1]!.tokens.map(essence), where).toEqual(branch.tokens.map(essence))
    }
  }
})

/** A long motion stops at the first token in its way at which a rule stops, and at no other; computed anew from all tokens and edits. */
function expectRightStop({ what, from, stop, rules }: ScriptStep, { tokens, place }: Branch, plan: RunPlan, where: string): void {
  if (stop === null || stop.reason === 'pause' || (what.kind !== 'continue' && what.kind !== 'reverseContinue')) return
  const stops = stopsOf(tokens, plan, rules)
  const next = what.kind === 'continue' ? stops.find((position) => position > from) : stops.findLast((position) => position < from)
  expect([stop.reason, place.position], where).toEqual(next !== undefined ? ['breakpoint', next] : what.kind === 'continue' ? ['end', tokens.length - 1] : ['entry', 0])
}

function stopsOf(tokens: readonly DebugToken[], plan: RunPlan, rules: readonly StopRule[]): number[] {
  const positions = runFakeModel(tokens.map(({ id }) => id), plan.promptIds.length, editsOf(plan))
  const facts = tokens.map((token, position): Facts => {
    const before = positions[position - 1]?.leaving[FAKE_LAYERS - 1]
    return {
      position, token: { ...token, prediction: before === undefined ? null : fakePrediction(before, token.id, 3) }, tokens,
      activation: ({ layer, feature }) => fakeFeatures(positions[position]!.arriving[layer]!).find((active) => active.feature === feature)?.activation ?? 0,
      features: (layer) => fakeFeatures(positions[position]!.arriving[layer]!),
      residualNorm: () => 0,
    }
  })
  const stops = rules.filter(({ log }) => log === null).flatMap((rule) => {
    const hits = facts.filter((at, position) => rule.holds(at, facts[position - 1] ?? null)).map(({ position }) => position)
    return hits.filter((_, index) => rule.counts?.(index + 1) ?? true)
  })
  return [...new Set(stops)].sort((a, b) => a - b)
}

/** What the record knows of a token; predictions of the prompt come later. */
function essence({ id, range, fired }: DebugToken): unknown {
  return { id, range, fired }
}
