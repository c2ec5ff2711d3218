// Random ways through branches, for property tests: each step tells the plan that an uninterrupted run of the branch would have.
import type { Branch, Change, Motion, Stop } from '../../../../server/debug/branch'
import type { Debuggee } from '../../../../server/debug/debuggee'
import type { StopRule } from '../../../../server/debug/stopRule'
import type { FeatureId, Sampling } from '../../../../server/protocol/values'
import type { RunPlan } from './uninterrupted'

/** What scripts are made of. */
export interface ScriptSubject {
  readonly debuggee: Debuggee
  readonly plan: RunPlan
  readonly random: () => number
  readonly features: readonly FeatureId[]
  readonly vocabSize: number
  readonly rules: readonly StopRule[]
  /** A signal that aborts after a random while, or never. */
  pauseSomewhen(): AbortSignal
}

/** By branch id. */
export type Plans = Map<number, RunPlan>

export interface ScriptStep {
  readonly branchId: number
  readonly what: Motion | Change
  /** Where the branch stood before. */
  readonly from: number
  /** Why it stands where it does now; null after a change. */
  readonly stop: Stop | null
  readonly rules: readonly StopRule[]
}

/** Starts the session, takes `steps` steps, calls back after each, and answers with the plans of all branches. */
export async function runScript(subject: ScriptSubject, steps: number, afterStep: (step: ScriptStep, plans: Plans) => Promise<void> | void): Promise<Plans> {
  const { debuggee, random, rules } = subject
  const plans: Plans = new Map([[1, subject.plan]])
  let active = rules.filter(() => random() < 0.5)
  debuggee.setRules(active)
  await debuggee.start(random() < 0.5, new AbortController().signal)
  const move = async (branch: Branch): Promise<void> => {
    const motion = randomMotion(random, branch)
    const stop = await debuggee.move(branch.id, motion, subject.pauseSomewhen())
    await afterStep({ branchId: branch.id, what: motion, from: branch.place.position, stop, rules: active }, plans)
  }
  const change = async (branch: Branch): Promise<void> => {
    const wanted = randomChange(subject, branch)
    const changed = await debuggee.change(branch.id, wanted, new AbortController().signal)
    plans.set(changed.id, changedPlan(plans.get(branch.id)!, branch, changed, wanted))
    await afterStep({ branchId: branch.id, what: wanted, from: branch.place.position, stop: null, rules: active }, plans)
  }
  for (let count = 0; count < steps; count++) {
    if (random() < 0.1) debuggee.setRules((active = rules.filter(() => random() < 0.5)))
    const branches = debuggee.branches()
    const branch = pick(random, branches)
    const other = pick(random, branches)
    if (random() < 0.25) await change(branch)
    // Branches may go on at the same time.
    else await Promise.all(other.id !== branch.id && random() < 0.3 ? [move(branch), move(other)] : [move(branch)])
  }
  return plans
}

function randomMotion(random: () => number, { tokens }: Branch): Motion {
  return pick<() => Motion>(random, [
    () => ({ kind: 'next' }),
    () => ({ kind: 'stepIn', layer: random() < 0.3 ? 1 : null }),
    () => ({ kind: 'stepOut' }),
    () => ({ kind: 'stepBack' }),
    () => ({ kind: 'continue' }),
    () => ({ kind: 'continue' }),
    () => ({ kind: 'reverseContinue' }),
    () => ({ kind: 'goto', position: Math.floor(random() * tokens.length) }),
  ])()
}

function randomChange({ random, features, vocabSize, plan }: ScriptSubject, { place, tokens, generate }: Branch): Change {
  const edit = (): Change => ({ kind: 'edit', feature: pick(random, features), operation: random() < 0.25 ? null : pick(random, [{ kind: 'set', value: 0 }, { kind: 'set', value: 9 }, { kind: 'add', value: 2 }]) })
  const sampling = (): Change => ({ kind: 'sampling', sampling: pick<Partial<Sampling>>(random, [{ temperature: 0 }, { temperature: 0.8 }, { temperature: 0.8, seed: 2 }]) })
  const force = (): Change => {
    if (place.position + 1 < plan.promptIds.length) return edit()
    const standing = tokens[place.position + 1]?.id
    return { kind: 'force', ids: random() < 0.3 && standing !== undefined ? [standing] : Array.from({ length: 1 + Math.floor(random() * 3) }, () => Math.floor(random() * vocabSize)) }
  }
  return pick<() => Change>(random, [edit, edit, sampling, force, () => ({ kind: 'restart' }), () => ({ kind: 'generate', generate: generate + Math.floor(random() * 4) })])()
}

/** What the change makes of a branch's plan: in a fork everything that was changed further on is undone first. */
function changedPlan(plan: RunPlan, before: Branch, after: Branch, change: Change): RunPlan {
  const isFork = after.id !== before.id
  const { position } = before.place
  if (change.kind === 'generate') return { ...plan, generate: change.generate }
  const standing = (from: number): boolean => (isFork ? from <= position : from < before.tokens.length)
  const base: RunPlan = isFork
    ? { ...plan, edits: plan.edits.filter(({ from }) => from <= position), samplings: plan.samplings.filter(({ from }) => from <= position + 1), forced: new Map([...plan.forced].filter(([at]) => standing(at))) }
    : plan
  switch (change.kind) {
    case 'edit':
      return { ...base, edits: [...base.edits, { feature: change.feature, from: position, operation: change.operation }] }
    case 'sampling':
      return { ...base, samplings: [...base.samplings, { from: position + 1, sampling: change.sampling }] }
    case 'force': {
      const isThere = !isFork && change.ids.every((id, i) => before.tokens[position + 1 + i]?.id === id)
      if (isThere) return plan
      const kept = [...base.forced].filter(([at]) => standing(at))
      return { ...base, forced: new Map([...kept, ...change.ids.map((id, i): [number, number] => [position + 1 + i, id])]), generate: Math.max(base.generate, position + 1 + change.ids.length - base.promptIds.length) }
    }
    case 'restart':
      return { ...base, forced: new Map([...base.forced].filter(([at]) => standing(at))) }
  }
}

export function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!
}
