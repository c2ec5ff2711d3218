// What a change comes to: nothing, this branch with other settings, or a new branch. Decided from the branch alone, before anything runs.
import { InputError } from '../../protocol/errors'
import type { Edit, FeatureId } from '../../protocol/values'
import type { Change } from '../branch'
import { indicesAfterEditFrom, withEditFrom } from '../editsFrom'
import { latest, settingsAt, type BranchState, type Limits, type Segment, type Settings } from './branchState'
import { changeName } from './changeName'

export interface ChangePlan {
  /** The branch, or one forked from it, that has no generated tokens after the place. */
  readonly isFork: boolean
  /** Of the fork. */
  readonly name: string
  /** The branch's segments with the change. */
  readonly segments: readonly Segment[]
  readonly forced: readonly number[]
  readonly generate: number
  /** The first position at which the branch may differ from what it was. */
  readonly firstDifferent: number
  /** Whether the token at the place and those of the prompt after it are fed again with other edits. */
  readonly isFedAgain: boolean
}

/** What names and checks of changes need to know of the program. */
export interface ChangeContext {
  readonly limits: Limits
  readonly vocabSize: number
  readonly display: (id: number) => string
}

/** Null when everything is as the change wants it already. Throws InputError for tokens that cannot be forced there and a limit that is passed already. */
export function planChange(state: BranchState, change: Change, context: ChangeContext): ChangePlan | null {
  const { position } = state.place
  const { tokens } = state.timeline
  const { limits } = context
  // A change of the prompt's features undoes nothing, so it needs no branch of its own.
  const isFork = tokens.length > Math.max(position + 1, limits.promptLength)
  const base = settingsAt(state, position)
  const later = state.segments.filter(({ from }) => from > position)
  const inForce = isFork ? state.segments.filter(({ from }) => from <= position) : state.segments
  /** What is in force at the place, and of this branch what comes into force further on in the prompt, with the change. */
  const changed = (change: (settings: Settings) => Settings): readonly Segment[] => [
    ...inForce.filter(({ from }) => from < position), { ...change(base), from: position }, ...(isFork ? [] : later.map((segment) => ({ ...change(segment), from: segment.from }))),
  ]
  const unchanged: ChangePlan = {
    isFork, name: changeName(change, position, context.display), segments: inForce, forced: isFork ? [] : state.forced, generate: state.generate, firstDifferent: position + 1,
    // Edits that were made further on in the prompt are not in the fork.
    isFedAgain: isFork && !isSame(base.edits, latest(state).edits),
  }

  switch (change.kind) {
    case 'edit': {
      const newKey = 1 + Math.max(-1, ...state.segments.flatMap(({ editKeys }) => editKeys))
      const edited = (settings: Settings): Settings => withFeatureEdited(settings, change, position, limits.promptLength, newKey)
      const own = editsOf(base, change.feature)
      if (isSame(edited(base).edits, base.edits) && later.every((segment) => isSame(editsOf(segment, change.feature), own))) return null
      return { ...unchanged, segments: changed(edited), firstDifferent: position, isFedAgain: true }
    }
    case 'force':
      return planForce(state, change.ids, unchanged, context)
    case 'sampling': {
      const sampled = (settings: Settings): Settings => ({ ...settings, sampling: { ...settings.sampling, ...change.sampling } })
      const wanted = sampled(base).sampling
      if ([base, ...later].every(({ sampling }) => isSame(sampling, wanted))) return null
      return { ...unchanged, segments: changed(sampled) }
    }
    case 'generate': {
      checkGenerate(change.generate, tokens.length - limits.promptLength)
      if (change.generate === state.generate) return null
      return { ...unchanged, isFork: false, segments: state.segments, forced: state.forced, generate: change.generate, isFedAgain: false }
    }
    case 'restart':
      return { ...unchanged, forced: [], isFedAgain: true }
  }
}

/** The edits with one feature changed, and their keys: those that stay keep theirs. */
function withFeatureEdited({ edits, editKeys, sampling }: Settings, { feature, operation }: Extract<Change, { kind: 'edit' }>, position: number, promptLength: number, newKey: number): Settings {
  const changed = withEditFrom(edits, position, promptLength, feature, operation)
  const keys = changed.map(() => newKey)
  indicesAfterEditFrom(edits, position, promptLength, feature).forEach((now, before) => {
    if (now !== null) keys[now] = editKeys[before]!
  })
  return { edits: changed, editKeys: keys, sampling }
}

function planForce({ place: { position }, timeline: { tokens }, generate }: BranchState, ids: readonly number[], unchanged: ChangePlan, { limits, vocabSize }: ChangeContext): ChangePlan | null {
  if (ids.length === 0) throw new InputError('text to force has no tokens', 'write at least one character')
  const outside = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize)
  if (outside !== undefined) throw new InputError(`token id ${outside} is outside the vocabulary`, `use ids from 0 to ${vocabSize - 1}`)
  const end = position + 1 + ids.length
  if (end <= tokens.length && ids.every((id, i) => tokens[position + 1 + i]!.id === id)) return null
  if (position + 1 < limits.promptLength) throw new InputError(`token ${position + 1} belongs to the prompt`, 'go to the last token of the prompt, or change the prompt')
  if (end > limits.contextLength) throw new InputError(`text to force ends at token ${end} and the model's context holds ${limits.contextLength}`, 'force fewer tokens')
  // Whoever forces a token wants to see it, also beyond the limit that was set.
  return { ...unchanged, forced: ids, generate: Math.max(generate, end - limits.promptLength) }
}

function checkGenerate(generate: number, tokens: number): void {
  if (!Number.isSafeInteger(generate) || generate < 0) throw new InputError(`generate ${generate} is not a whole number`, 'use 0 or more')
  if (generate < tokens) throw new InputError(`generate ${generate} is less than the ${tokens} tokens that are there`, `use ${tokens} or more`)
}

function editsOf({ edits }: Settings, { layer, feature }: FeatureId): readonly Edit[] {
  return edits.filter((edit) => edit.feature.layer === layer && edit.feature.feature === feature)
}

/** Of plain data whose fields come in the same order. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
