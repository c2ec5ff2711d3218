// Numbers that stand for things while a thread stands still: frames, variables, targets. A number is never used twice, so a stale one names nothing.

export interface Handles<T> {
  /** The number of the branch's thing with this key, which is made anew; the same key keeps its number until the branch goes on. */
  idOf(branchId: number, key: string, make: () => T): number
  /** Undefined for a number that never was, or whose branch has gone on. */
  get(id: number): T | undefined
  /** What a number stood for before its branch went on; undefined when it never did, or too long ago. */
  getFormer(id: number): T | undefined
  /** Forgets those of a branch: it goes on. */
  drop(branchId: number): void
}

/** Numbers of the past that are remembered. */
const FORMER = 500

/** `nextId` counts for all handles of a session, so that a frame's number never is a variable's. */
export function createHandles<T>(nextId: () => number): Handles<T> {
  const byBranch = new Map<number, { readonly ids: Map<string, number>; readonly things: Map<number, T> }>()
  const former = new Map<number, T>()

  function retire(things: ReadonlyMap<number, T>): void {
    for (const [id, thing] of things) former.set(id, thing)
    // Maps keep the order in which they were filled: the oldest go.
    for (const id of former.keys()) {
      if (former.size <= FORMER) break
      former.delete(id)
    }
  }

  return {
    idOf(branchId, key, make) {
      const branch = byBranch.get(branchId) ?? { ids: new Map<string, number>(), things: new Map<number, T>() }
      byBranch.set(branchId, branch)
      const id = branch.ids.get(key) ?? nextId()
      branch.ids.set(key, id)
      // What stands for the same may have been changed since.
      branch.things.set(id, make())
      return id
    },
    get(id) {
      for (const { things } of byBranch.values()) {
        const found = things.get(id)
        if (found !== undefined) return found
      }
      return undefined
    },
    getFormer: (id) => former.get(id),
    drop(branchId) {
      retire(byBranch.get(branchId)?.things ?? new Map())
      byBranch.delete(branchId)
    },
  }
}
