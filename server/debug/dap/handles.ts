// Numbers that stand for things while a thread stands still: frames, variables, targets. A number is never used twice, so a stale one names nothing.

export interface Handles<T> {
  /** The number of the branch's thing with this key; made when there is none. */
  idOf(branchId: number, key: string, make: () => T): number
  /** Undefined for a number that never was, or whose branch has gone on. */
  get(id: number): T | undefined
  /** Forgets those of a branch: it goes on. */
  drop(branchId: number): void
  dropAll(): void
}

/** `nextId` counts for all handles of a session, so that a frame's number never is a variable's. */
export function createHandles<T>(nextId: () => number): Handles<T> {
  const byBranch = new Map<number, { readonly ids: Map<string, number>; readonly things: Map<number, T> }>()
  return {
    idOf(branchId, key, make) {
      const branch = byBranch.get(branchId) ?? { ids: new Map<string, number>(), things: new Map<number, T>() }
      byBranch.set(branchId, branch)
      const known = branch.ids.get(key)
      if (known !== undefined) return known
      const id = nextId()
      branch.ids.set(key, id)
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
    drop: (branchId) => void byBranch.delete(branchId),
    dropAll: () => byBranch.clear(),
  }
}
