// Random ways through branches over a real engine, compared with an engine that remembers nothing.
import { expect } from 'vitest'
import { createDebuggee } from '../../server/debug/debuggee/createDebuggee'
import type { DebuggedEngine, DebuggedProgram } from '../../server/debug/program'
import type { StopRule } from '../../server/debug/stopRule'
import type { Engine, TokenReport } from '../../server/engine/engine'
import type { FeatureId, Sampling } from '../../server/protocol/values'
import { runScript } from '../unit/debug/debuggee/randomScript'
import { runUninterrupted, type Chooser, type RunPlan } from '../unit/debug/debuggee/uninterrupted'
import { generate } from './engineHarness'
import { randomNumbers } from '../unit/randomNumbers'

const STEPS = 40

export interface DebugScripts {
  readonly used: Engine
  /** Remembers nothing, so that what it gives depends on no request before. */
  readonly fresh: Engine
  readonly program: (engine: DebuggedEngine, sampling: Sampling) => Promise<DebuggedProgram>
  readonly features: readonly FeatureId[]
}

/** Fails where a branch has other tokens than an uninterrupted run. Answers with how many branches there were. */
export async function runDebugScripts({ used, fresh, program: open, features }: DebugScripts, sampling: Sampling, seeds: readonly number[]): Promise<number> {
  let branches = 0
  for (const seed of seeds) {
    const random = randomNumbers(seed)
    const pausing = pausingEngine(used, random)
    const program = await open(pausing.engine, sampling)
    const { model, prompt, settings } = program
    const plan: RunPlan = {
      promptIds: prompt.ids, edits: [], samplings: [{ from: 0, sampling }], forced: new Map(), generate: settings.generate, contextLength: model.contextLength, stopIds: model.stopIds,
    }
    const choose: Chooser = async ({ ids, promptLength, edits, sampling, count }) => {
      const run = await generate(fresh, { promptIds: ids.slice(0, promptLength), givenIds: ids.slice(promptLength), reportFrom: ids.length, generate: count, sampling, edits, stopIds: model.stopIds })
      return run.ids
    }
    const debuggee = createDebuggee(program, { onTokens: () => {}, onLog: () => {}, onFork: () => {} })
    const trail: string[] = []
    const rules = features.slice(0, 2).map((feature, id) => fires(id + 1, feature))
    const plans = await runScript({ debuggee, plan, random, vocabSize: model.vocabSize, features, rules, pauseSomewhen: pausing.signal }, STEPS, (step) => void trail.push(JSON.stringify(step)))
    for (const branch of debuggee.branches()) {
      const expected = await runUninterrupted(plans.get(branch.id)!, choose)
      const ids = branch.tokens.map(({ id }) => id)
      expect(ids, `script ${seed}, branch ${branch.id}\n${trail.join('\n')}`).toEqual(branch.ended ? expected : expected.slice(0, ids.length))
      branches++
    }
  }
  return branches
}

/** Two features of each layer that fire, but not on every token. */
export function changingFeatures(tokens: readonly TokenReport[], layers: readonly number[]): FeatureId[] {
  return layers.flatMap((layer) => {
    const times = new Map<number, number>()
    for (const token of tokens) for (const { feature } of token.features[layer]!) times.set(feature, (times.get(feature) ?? 0) + 1)
    const some = [...times].filter(([, count]) => count >= 3 && count <= tokens.length / 3).sort((a, b) => b[1] - a[1])
    return some.slice(0, 2).map(([feature]) => ({ layer, feature }))
  })
}

/** A breakpoint on a feature. */
export function fires(id: number, feature: FeatureId): StopRule {
  return { id, kind: 'function', needs: { layers: [feature.layer], predictions: false }, holds: (at) => at.activation(feature) > 0, counts: null, log: null }
}

/** The engine, whose events count down to a pause now and then. */
function pausingEngine(used: Engine, random: () => number): { readonly engine: DebuggedEngine; readonly signal: () => AbortSignal } {
  let left = Infinity
  let pause = new AbortController()
  const counted = <Event>(onEvent: (event: Event) => void) => (event: Event): void => {
    onEvent(event)
    if (--left === 0) pause.abort()
  }
  return {
    engine: {
      generate: (request, onEvent, signal) => used.generate(request, counted(onEvent), signal),
      read: (request, onEvent, signal) => used.read(request, counted(onEvent), signal),
      inspect: (request, signal) => used.inspect(request, signal),
    },
    signal() {
      pause = new AbortController()
      left = random() < 0.3 ? 1 + Math.floor(random() * 3) : Infinity
      return pause.signal
    },
  }
}
