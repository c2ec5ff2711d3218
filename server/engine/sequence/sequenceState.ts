// What the computed positions of a sequence leave for the next one: keys and values of each, and the states of layers that keep no positions.
//
// Keys and values can be cut at any position. A state cannot: it only knows its last position. So some earlier states are kept, and a prefix of
// the sequence can be taken over only where one of them stands.
import { newState, type LayerMemory } from '../../graph/layerMemory'
import type { ArrayPool } from './arrayPool'
import { KvCache, kvArrayLengths, type KvShape } from './kvCache'

/** By the name of the graph's output. Arrays are replaced, never written to, so that whoever remembers them needs no copy. */
type States = ReadonlyMap<string, Float32Array>

interface Snapshot {
  readonly positions: number
  readonly states: States
}

/** Earlier states per sequence; those of Qwen3.5-27B take 144 MB each. */
const MOST_SNAPSHOTS = 4

export class SequenceState {
  private staged = new Map<string, Float32Array>()
  /** The states before the last commit: whoever looks into the last token starts there. */
  private previous: Snapshot

  private constructor(
    /** Of the layers that attend. */
    readonly kv: KvCache,
    private current: Snapshot,
    /** Ascending. */
    private snapshots: readonly Snapshot[],
    /** Whether it goes through computed positions again: their keys and values stay as they are. */
    readonly isReplay = false,
  ) {
    this.previous = current
  }

  /** The state before the first position. */
  static empty(memories: readonly LayerMemory[], pool: ArrayPool): SequenceState {
    return new SequenceState(new KvCache(kvShape(memories), pool), { positions: 0, states: zeroStates(memories) }, [])
  }

  /**
   * A state for going through positions from `rows` on again, which have been computed, over the same keys and values, which it leaves alone. A
   * model with states starts at the last position up to `rows` at which they are kept, which is `positions`.
   */
  replayFrom(rows: number, memories: readonly LayerMemory[]): SequenceState {
    const start = this.hasStates ? (this.standing.findLast(({ positions }) => positions <= rows) ?? { positions: 0, states: zeroStates(memories) }) : { positions: rows, states: this.current.states }
    return new SequenceState(this.kv, start, [], true)
  }

  /** Positions that are committed. */
  get positions(): number {
    return this.current.positions
  }

  /** Whether some layer keeps a state in place of positions. */
  get hasStates(): boolean {
    return this.current.states.size > 0
  }

  get bytes(): number {
    const arrays = new Set(this.standing.flatMap(({ states }) => [...states.values()]))
    return [...arrays].reduce((sum, { byteLength }) => sum + byteLength, this.kv.bytes)
  }

  /** A layer's state after the committed positions. */
  state(layer: number, name: string): Float32Array {
    return this.current.states.get(newState(layer, name))!
  }

  /** Forgets what a chunk that did not end has staged. */
  begin(): void {
    this.staged = new Map()
  }

  /** Notes a layer's state after the chunk under way; other layers of the chunk may still be to come. */
  stage(layer: number, name: string, values: Float32Array): void {
    this.staged.set(newState(layer, name), values)
  }

  /** Takes over all states of a chunk whose every layer has run; `positions` are computed now. */
  commit(positions: number): void {
    this.previous = this.current
    this.current = { positions, states: new Map([...this.current.states, ...this.staged]) }
    this.staged = new Map()
  }

  /** Keeps the states as they are now, so that `copyPrefix` can start here. */
  remember(): void {
    if (!this.hasStates || this.snapshots.at(-1)?.positions === this.current.positions) return
    this.snapshots = thinned([...this.snapshots, this.current])
  }

  /** The most positions up to `rows` that `copyPrefix` can take over. */
  resumableAt(rows: number): number {
    if (!this.hasStates) return rows
    return this.standing.findLast(({ positions }) => positions <= rows)?.positions ?? 0
  }

  /**
   * A state of its own after the first `rows` positions, which must be `resumableAt(rows)`. Of a layer that attends, `layerRows` may be more:
   * positions that were computed there and not yet in the layers above.
   */
  copyPrefix(rows: number, layerRows: (layer: number) => number = () => rows): SequenceState {
    const kv = this.kv.copyPrefix(this.hasStates ? () => rows : layerRows)
    if (!this.hasStates) return new SequenceState(kv, { positions: rows, states: new Map() }, [])
    const current = this.standing.find(({ positions }) => positions === rows)
    if (!current) throw new Error(`no state is kept at position ${rows}`)
    return new SequenceState(kv, current, this.snapshots.filter(({ positions }) => positions <= rows))
  }

  /** All that is kept of states, ascending; the same one may stand there twice. */
  private get standing(): readonly Snapshot[] {
    return [...this.snapshots, this.previous, this.current].sort((a, b) => a.positions - b.positions)
  }
}

/** Lengths of the arrays that a sequence of `rows` positions keeps of the layers that attend. */
export function sequenceArrayLengths(memories: readonly LayerMemory[], rows: number): readonly number[] {
  return kvArrayLengths(kvShape(memories), rows)
}

function kvShape(memories: readonly LayerMemory[]): KvShape {
  const attending = memories.flatMap((memory, layer) => (memory.kind === 'keysAndValues' ? [{ ...memory, layer }] : []))
  const { kvHeads, headDim } = attending[0] ?? { kvHeads: 0, headDim: 0 }
  return { layers: attending.map(({ layer }) => layer), kvHeads, headDim }
}

function zeroStates(memories: readonly LayerMemory[]): States {
  const states = memories.flatMap((memory, layer) => (memory.kind === 'states' ? memory.states.map((state) => ({ ...state, layer })) : []))
  return new Map(states.map(({ layer, name, shape }) => [newState(layer, name), new Float32Array(shape.reduce((count, size) => count * size, 1))]))
}

/** At most MOST_SNAPSHOTS, without those that stand closest behind another: the last stays, and the others spread over the sequence. */
function thinned(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  if (snapshots.length <= MOST_SNAPSHOTS) return snapshots
  const gap = (index: number): number => snapshots[index + 1]!.positions - (snapshots[index - 1]?.positions ?? 0)
  let tightest = 0
  for (let index = 1; index < snapshots.length - 1; index++) if (gap(index) < gap(tightest)) tightest = index
  return thinned(snapshots.filter((_, index) => index !== tightest))
}
