// What an uninterrupted run gives, for comparison with branches: a prompt, edits from positions on, samplings from positions on, forced tokens. Knows no branches.
import { GREEDY, type Edit, type EditOperation, type FeatureId, type Sampling } from '../../../../server/protocol/values'

/** Everything that decides a run's tokens. */
export interface RunPlan {
  readonly promptIds: readonly number[]
  /** In the order in which they were made; from `from` on the feature has this operation and no other, null none. */
  readonly edits: readonly { readonly feature: FeatureId; readonly from: number; readonly operation: EditOperation | null }[]
  /** In the order in which they were made; the token at position `from` and those after it are chosen so. */
  readonly samplings: readonly { readonly from: number; readonly sampling: Partial<Sampling> }[]
  readonly forced: ReadonlyMap<number, number>
  readonly generate: number
  readonly contextLength: number
  readonly stopIds: readonly number[]
}

/** The tokens that follow these, at most `count` and at least one, chosen one after the other; a stop token is the last. */
export type Chooser = (wanted: { readonly ids: readonly number[]; readonly promptLength: number; readonly edits: readonly Edit[]; readonly sampling: Sampling; readonly count: number }) => Promise<readonly number[]> | readonly number[]

export async function runUninterrupted(plan: RunPlan, choose: Chooser): Promise<number[]> {
  const ids = [...plan.promptIds]
  const promptLength = ids.length
  const edits = editsOf(plan)
  const end = Math.min(plan.contextLength, promptLength + plan.generate)
  while (ids.length < plan.contextLength) {
    const at = ids.length
    const forced = plan.forced.get(at)
    if (forced !== undefined) {
      ids.push(forced)
      continue
    }
    if (at >= end || (at > promptLength && plan.stopIds.includes(ids[at - 1]!))) break
    // Up to where something else decides.
    const next = Math.min(end, ...[...plan.forced.keys(), ...plan.samplings.map(({ from }) => from)].filter((from) => from > at))
    ids.push(...(await choose({ ids, promptLength, edits, sampling: samplingAt(plan, at), count: next - at })))
  }
  return ids
}

/** The same edits with the positions at which they apply; of one feature the later change wins. */
export function editsOf({ edits }: Pick<RunPlan, 'edits'>): Edit[] {
  return edits.flatMap(({ feature, from, operation }, index) => {
    const next = edits.slice(index + 1).filter((later) => later.feature.layer === feature.layer && later.feature.feature === feature.feature).map((later) => later.from)
    const end = Math.min(...next, 1_000_000)
    return operation && from < end ? [{ feature, operation, positions: { kind: 'ranges', ranges: [[from, end - 1]] } }] : []
  })
}

function samplingAt({ samplings }: RunPlan, position: number): Sampling {
  return samplings.filter(({ from }) => from <= position).reduce<Sampling>((merged, { sampling }) => ({ ...merged, ...sampling }), GREEDY)
}
