// Reads what is asked about a branch's tokens from the engine: layers over stretches of known tokens, and predictions of prompt tokens.
import type { LoadedModel, ReadRequest } from '../../engine/engine'
import { mostActive } from '../../protocol/values'
import type { Needs } from '../facts'
import type { DebuggedEngine } from '../program'
import { latest, type BranchState } from './branchState'
import { NO_READINGS, type LayerReading, type Readings } from './readings'

/** Likeliest tokens that are kept of each prediction. */
export const ALTERNATIVES = 10

/** Tokens whose readings a branch keeps: where it stands, and the one before. */
const MOST_RECENT = 2

export interface BranchReader {
  /** The readings of positions first … end − 1, one per position. Predictions that are needed stand in the branch's tokens then. Throws CancelledError. */
  read(state: BranchState, first: number, end: number, needs: Needs, signal: AbortSignal): Promise<readonly Readings[]>
}

/** `branches` are asked for those that hold the same tokens, to which a prediction belongs as well. */
export function createBranchReader(engine: DebuggedEngine, model: LoadedModel, promptLength: number, branches: () => readonly BranchState[]): BranchReader {
  const top = mostActive(model.sae)

  const request = (state: BranchState, from: number, end: number, layers: readonly number[]): ReadRequest => ({
    tokenIds: state.timeline.ids(end), promptLength, edits: latest(state).edits, layers, top, from,
  })

  async function readLayers(state: BranchState, first: number, end: number, layers: readonly number[], signal: AbortSignal): Promise<Readings[]> {
    const found = Array.from({ length: end - first }, () => new Map<number, LayerReading>())
    await engine.read(request(state, first, end, layers), (event) => {
      if (event.kind !== 'layer') return
      const { layer, features, residualNorm } = event.report
      found.forEach((readings, row) => readings.set(layer, { features: features[row]!, residualNorm: residualNorm[row]! }))
    }, signal)
    return found
  }

  async function predict(state: BranchState, first: number, end: number, signal: AbortSignal): Promise<void> {
    const { tokens } = state.timeline
    const isMissing = (position: number): boolean => position > 0 && tokens[position]!.prediction === null
    while (first < end && !isMissing(first)) first++
    while (first < end && !isMissing(end - 1)) end--
    if (first === end) return
    await engine.read({ ...request(state, first, end, []), predictions: { alternatives: ALTERNATIVES } }, (event) => {
      if (event.kind !== 'predictions') return
      event.predictions.forEach((prediction, row) => {
        const token = tokens[first + row]!
        if (prediction === null || token.prediction !== null) return
        for (const { timeline } of branches()) if (timeline.tokens[token.index] === token) timeline.replace({ ...token, prediction })
      })
    }, signal)
  }

  return {
    async read(state, first, end, needs, signal) {
      if (needs.predictions) await predict(state, first, end, signal)
      if (needs.layers.length === 0) return Array.from({ length: end - first }, () => NO_READINGS)
      const isKnown = (position: number): boolean => needs.layers.every((layer) => state.recent.get(position)?.has(layer))
      const known: Readings[] = []
      while (first < end && isKnown(first)) known.push(state.recent.get(first++)!)
      if (first === end) return known
      const layers = end - first === 1 ? needs.layers.filter((layer) => !state.recent.get(first)?.has(layer)) : needs.layers
      const found = await readLayers(state, first, end, layers, signal)
      return [...known, ...found.map((readings, row) => new Map([...(state.recent.get(first + row) ?? []), ...readings]))]
    },
  }
}

/** Keeps the readings of a position, and forgets those of positions that were kept longest. */
export function keepReadings({ recent }: BranchState, position: number, readings: Readings): void {
  if (readings.size === 0) return
  const joined = new Map([...(recent.get(position) ?? []), ...readings])
  recent.delete(position)
  recent.set(position, joined)
  for (const oldest of [...recent.keys()].slice(0, -MOST_RECENT)) recent.delete(oldest)
}
