// Keeps what is expensive to open and takes memory: opened when first used, and the least recently used released when all take too much.

export interface Resident {
  /** Memory that it takes; may grow with use. */
  readonly bytes: number
  release(): Promise<void>
}

export interface Residents<Value extends Resident> {
  /** Runs `work` with what is kept under the key, which is not released meanwhile; it is opened when it is not there. */
  use<Result>(key: number, open: () => Promise<Value>, work: (value: Value) => Promise<Result>): Promise<Result>
  has(key: number): boolean
  /** Whether one more like the largest would fit. */
  readonly hasRoom: boolean
  readonly bytes: number
  /** Nothing may be in use. */
  release(): Promise<void>
}

interface Entry<Value> {
  readonly opening: Promise<Value>
  /** Null until it is open. */
  value: Value | null
  users: number
}

/** What is used last stays, also when it takes more than `limitBytes` alone. */
export function createResidents<Value extends Resident>(limitBytes: number): Residents<Value> {
  // In order of use, oldest first.
  const entries = new Map<number, Entry<Value>>()
  const total = (): number => Array.from(entries.values()).reduce((sum, { value }) => sum + (value?.bytes ?? 0), 0)

  const evict = async (): Promise<void> => {
    const last = [...entries.keys()].at(-1)
    for (const [key, { value, users }] of [...entries]) {
      if (total() <= limitBytes) return
      if (!value || users > 0 || key === last) continue
      entries.delete(key)
      await value.release()
    }
  }

  return {
    has: (key) => entries.has(key),
    get hasRoom() {
      return total() + Math.max(0, ...Array.from(entries.values(), ({ value }) => value?.bytes ?? 0)) <= limitBytes
    },
    get bytes() {
      return total()
    },
    async use(key, open, work) {
      const entry = entries.get(key) ?? { opening: open(), value: null, users: 0 }
      entries.delete(key)
      entries.set(key, entry)
      entry.users++
      try {
        entry.value ??= await entry.opening.catch((error: unknown) => {
          // Forgotten, so that it can be tried again.
          if (entries.get(key) === entry) entries.delete(key)
          throw error
        })
        await evict()
        return await work(entry.value)
      } finally {
        entry.users--
      }
    },
    async release() {
      const released = [...entries.values()]
      entries.clear()
      for (const { opening } of released) await opening.then((value) => value.release(), () => {})
    },
  }
}
