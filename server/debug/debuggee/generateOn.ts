// Lets a branch generate behind its last token, judging each new token as it comes; the engine is stopped where the branch stops.
import type { GenerateEvent, GenerateRequest, TokenReport } from '../../engine/engine'
import { CancelledError } from '../../protocol/errors'
import { mostActive } from '../../protocol/values'
import type { Stop } from '../branch'
import { joinedNeeds, type Needs } from '../facts'
import { askAll, counting } from './askRules'
import { ALTERNATIVES } from './branchReader'
import { endOf, latest, type BranchState } from './branchState'
import type { Course } from './goForward'
import { linkedController } from './linkedController'
import { judge } from './judge'
import { NO_READINGS, type Readings } from './readings'
import { stopFor } from './stopFor'
import { arrive, tell, type Workings } from './workings'

/**
 * Generates until something stops the branch; null when it came to its end, or its rules were replaced on the way. Tokens that the engine computed
 * beyond a stop are dropped: its cache has them, so they cost nothing when they are wanted.
 */
export async function generateOn(workings: Workings, state: BranchState, course: Course, signal: AbortSignal): Promise<Stop | null> {
  const { program: { engine }, limits, rules: ruleSet, reader } = workings
  const rules = ruleSet.current()
  const replaced = ruleSet.replaced()
  const needs = joinedNeeds(rules.map((rule) => rule.needs))
  const first = state.timeline.tokens.length
  await askAll(workings, state, counting(rules), 0, first, signal)
  let [before] = rules.length === 0 ? [NO_READINGS] : await reader.read(state, first - 1, first, needs, signal)

  const { controller: enough, unlink } = linkedController([signal, replaced])
  let isEnough = false
  let stop: Stop | null = null
  let defect: { readonly error: unknown } | null = null

  const take = (report: TokenReport): void => {
    state.timeline.push(report)
    state.forced = state.forced.slice(1)
    arrive(state, report.index)
    const at = readingsOf(report, needs)
    stop = judge(workings, state, rules, report.index, at, before ?? null)
    before = at
    if (!stop && course.isDoneAt(report.index)) stop = stopFor('step')
    if (stop || endOf(state, limits) !== null) finish()
  }
  const finish = (): void => {
    isEnough = true
    enough.abort()
  }
  const onEvent = (event: GenerateEvent): void => {
    if (event.kind !== 'tokens') return
    const had = state.timeline.tokens.length
    try {
      for (const report of event.tokens) if (!enough.signal.aborted) take(report)
    } catch (error) {
      // Thrown here it would end whoever delivers the event.
      defect = { error }
      finish()
    }
    const added = state.timeline.tokens.slice(had)
    if (added.length === 0) return
    state.record.add(added)
    state.isRecordStirred = true
    tell(workings, state)
  }

  try {
    await engine.generate(requestOf(workings, state, needs, course), onEvent, enough.signal)
  } catch (error) {
    const isOurs = isEnough || (error instanceof CancelledError && enough.signal.aborted)
    if (!isOurs) throw error
  } finally {
    unlink()
  }
  if (defect) throw (defect as { error: unknown }).error
  if (stop) return stop
  if (signal.aborted) return stopFor('pause')
  if (state.timeline.tokens.length === first && !replaced.aborted) throw new Error(`engine gave no token after token ${first - 1}`)
  return null
}

/** What the branch does next, asked of the engine. */
function requestOf({ program, limits }: Workings, state: BranchState, needs: Needs, { isOneToken }: Course): GenerateRequest {
  const { promptLength } = limits
  const { edits, sampling } = latest(state)
  const ids = state.timeline.ids()
  const forced = isOneToken ? state.forced.slice(0, 1) : state.forced
  const given = [...ids.slice(promptLength), ...forced]
  const left = isOneToken ? 1 - forced.length : Math.max(0, state.generate - given.length)
  return {
    promptIds: ids.slice(0, promptLength), givenIds: given, reportFrom: ids.length, generate: left, sampling, stopIds: [...limits.stopIds], edits,
    layers: needs.layers, top: mostActive(program.model.sae), alternatives: ALTERNATIVES, promptPredictions: false, capture: null,
  }
}

function readingsOf({ features, residualNorm }: TokenReport, needs: Needs): Readings {
  return new Map(needs.layers.map((layer) => [layer, { features: features[layer] ?? [], residualNorm: residualNorm[layer] ?? 0 }]))
}
