// Makes a change: feeds what it touches once, which also checks it, and only then changes the branch or begins another.
import type { GenerateRequest, TokenReport } from '../../engine/engine'
import type { DebugToken, Place } from '../branch'
import { ALTERNATIVES } from './branchReader'
import { latest, type BranchState, type Settings } from './branchState'
import type { ChangePlan } from './planChange'
import { predictionIn } from './timeline'
import type { Workings } from './workings'

/** Answers with the branch that has the change. Throws InputError and CancelledError, and then nothing has changed. */
export async function applyChange(workings: Workings, state: BranchState, plan: ChangePlan, place: Place, nextId: () => number, signal: AbortSignal): Promise<BranchState> {
  const { limits, program } = workings
  const from = state.place.position
  const kept = plan.isFork ? Math.max(from + 1, limits.promptLength) : state.timeline.tokens.length
  const settings = plan.segments.at(-1)!
  // Samplings are checked by feeding, too.
  const reports = plan.isFedAgain || settings.sampling !== latest(state).sampling ? await feed(workings, state.timeline.ids(kept), settings, from, signal) : []
  const changed = fedTokens(state, settings, plan.isFedAgain ? reports : [], kept)

  const target = plan.isFork ? forked(state, plan, kept, changed, nextId()) : state
  target.place = place
  target.segments = plan.segments
  target.forced = plan.forced
  target.generate = plan.generate
  if (plan.isFedAgain) {
    target.verdicts.forget(from)
    for (const position of target.recent.keys()) if (position >= from) target.recent.delete(position)
  }
  if (!plan.isFork) tellRecord(target, changed)
  return target

  function forked(parent: BranchState, { segments, name, firstDifferent }: ChangePlan, end: number, changes: readonly DebugToken[], id: number): BranchState {
    const timeline = parent.timeline.fork(end)
    for (const token of changes) timeline.replace(token)
    const record = program.openRecord({ name, parent: { record: parent.record, position: firstDifferent }, tokens: timeline.snapshot(), edits: settings.edits, sampling: settings.sampling })
    return {
      id, name, parent: { id: parent.id, position: firstDifferent }, timeline, place, segments, forced: [], generate: plan.generate,
      goneOver: from + 1, told: from + 1, verdicts: parent.verdicts.fork(end), recent: new Map(parent.recent), record, isRecordStirred: true, work: null,
    }
  }
}

/** Feeds the tokens from `first` on with the plan's settings. It costs next to nothing where nothing has changed. */
async function feed({ program: { engine }, limits }: Workings, ids: readonly number[], settings: Settings, first: number, signal: AbortSignal): Promise<readonly TokenReport[]> {
  const reports: TokenReport[] = []
  const request: GenerateRequest = {
    promptIds: ids.slice(0, limits.promptLength), givenIds: ids.slice(limits.promptLength), reportFrom: first, generate: 0, sampling: settings.sampling, stopIds: [], edits: settings.edits,
    layers: [], top: 0, alternatives: ALTERNATIVES, promptPredictions: false, capture: null,
  }
  await engine.generate(request, (event) => event.kind === 'tokens' && reports.push(...event.tokens), signal)
  return reports
}

/** Of the first `end` tokens those that are other ones now: fed again, or before those with edits that are counted differently. In order. */
function fedTokens({ timeline: { tokens }, segments, place }: BranchState, { editKeys }: Settings, reports: readonly TokenReport[], end: number): DebugToken[] {
  const first = reports[0]?.index ?? end
  const again = reports.map((report): DebugToken => {
    const token = tokens[report.index]!
    // The token at the place was predicted before anything changed; those after it were not.
    return { ...token, prediction: report.index === place.position ? token.prediction : predictionIn(report), fired: report.fired }
  })
  return [...tokens.slice(0, first).flatMap((token) => recounted(token, segments.at(-1)!, editKeys) ?? []), ...again]
}

/** The token with the places that its edits have now; null when they are the same. */
function recounted(token: DebugToken, { editKeys: before }: Settings, now: readonly number[]): DebugToken | null {
  const fired = token.fired.map((index) => now.indexOf(before[index]!)).filter((index) => index >= 0)
  return fired.every((index, i) => index === token.fired[i]) ? null : { ...token, fired }
}

/** What the branch's own record has to be told of a change on the spot. */
function tellRecord(state: BranchState, changed: readonly DebugToken[]): void {
  const { edits, sampling } = latest(state)
  const first = changed[0]?.index ?? null
  if (first !== null) state.record.cut(first)
  for (const token of changed) state.timeline.replace(token)
  state.record.change({ name: state.name, edits, sampling })
  if (first !== null) state.record.add(state.timeline.tokens.slice(first))
  state.isRecordStirred = true
}
