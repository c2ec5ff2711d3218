// Changes what is done to one feature from a token on, and leaves everything before that token as it was.
import { OPEN_END, type Edit, type EditOperation, type EditPositions, type FeatureId } from '../protocol/values'

type Range = readonly [first: number, last: number]

/**
 * The edits with which, from `position` on, the feature has this operation and no other; null takes away those it has. At every earlier position
 * exactly the same edits apply as before, in the same order; edits of other features stay as they are. Lines stay few and short: an edit that ends
 * where the same operation goes on is made longer in place of adding another.
 */
export function withEditFrom(edits: readonly Edit[], position: number, promptLength: number, feature: FeatureId, operation: EditOperation | null): Edit[] {
  const cut = edits.map((edit) => (isOf(edit, feature) ? before(edit, position, promptLength) : edit))
  const grown = operation && cut.findIndex((edit) => edit !== null && isOf(edit, feature) && isSame(edit.operation, operation) && reaches(edit, position, promptLength))
  return cut.flatMap((edit, index) => {
    if (!edit) return []
    return index === grown ? { ...edit, positions: positionsOf([...rangesOf(edit.positions, promptLength), [position, OPEN_END]], promptLength) } : edit
  }).concat(operation && grown === -1 ? [{ feature, operation, positions: positionsOf([[position, OPEN_END]], promptLength) }] : [])
}

/**
 * Where each of `edits` stands in what `withEditFrom` made of them, by its index; null for those that are gone. None of these applied before
 * `position`, so what fired on earlier tokens can be told by the new indices.
 */
export function indicesAfterEditFrom(edits: readonly Edit[], position: number, promptLength: number, feature: FeatureId): (number | null)[] {
  let next = 0
  return edits.map((edit) => (isOf(edit, feature) && before(edit, position, promptLength) === null ? null : next++))
}

/** The edit on the positions before `end` only; null when it has none there. */
function before(edit: Edit, end: number, promptLength: number): Edit | null {
  const all = rangesOf(edit.positions, promptLength)
  // An edit that ends earlier keeps its spelling.
  if (all.every(([, last]) => last < end)) return edit
  const ranges = all.filter(([first]) => first < end).map(([first, last]): Range => [first, Math.min(last, end - 1)])
  return ranges.length === 0 ? null : { ...edit, positions: positionsOf(ranges, promptLength) }
}

/** The positions at which an edit applies, as ranges whose ends are included. */
export function rangesOf(positions: EditPositions, promptLength: number): readonly Range[] {
  switch (positions.kind) {
    case 'all':
      return [[0, OPEN_END]]
    case 'prompt':
      return [[0, promptLength - 1]]
    case 'generated':
      return [[promptLength, OPEN_END]]
    case 'last':
      return [[promptLength - 1, promptLength - 1]]
    case 'ranges':
      return positions.ranges
  }
}

/** Ranges in the fewest words: joined where they touch, and named where they have a name. */
function positionsOf(ranges: readonly Range[], promptLength: number): EditPositions {
  const joined: [number, number][] = []
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const open = joined.at(-1)
    if (open && first <= open[1] + 1) open[1] = Math.max(open[1], last)
    else joined.push([first, last])
  }
  const only = joined.length === 1 ? joined[0]! : null
  if (only?.[1] === OPEN_END && only[0] === 0) return { kind: 'all' }
  if (only?.[1] === OPEN_END && only[0] === promptLength) return { kind: 'generated' }
  if (only?.[0] === 0 && only[1] === promptLength - 1) return { kind: 'prompt' }
  return { kind: 'ranges', ranges: joined }
}

/** Whether the edit applies at the position just before, so that it can go on at this one. */
function reaches({ positions }: Edit, position: number, promptLength: number): boolean {
  return rangesOf(positions, promptLength).some(([first, last]) => first < position && last === position - 1)
}

function isOf(edit: Edit, { layer, feature }: FeatureId): boolean {
  return edit.feature.layer === layer && edit.feature.feature === feature
}

function isSame(a: EditOperation, b: EditOperation): boolean {
  return a.kind === b.kind && a.value === b.value
}
