// The tokens of a branch as they grow and are shared: each with its text and its places in the run document and the prompt file.
import type { TokenPrediction, TokenReport } from '../../engine/engine'
import { openTokenPlaces, type TokenPlaces } from '../../runs/tokenPlaces'
import type { DebugToken } from '../branch'
import type { DebuggedProgram } from '../program'

/** What texts and places are made from. */
export type PlacedProgram = Pick<DebuggedProgram, 'prompt' | 'tokenizer'>

export interface Timeline {
  /** All of them, live: the list grows in place. */
  readonly tokens: readonly DebugToken[]
  /** Ids of the first `end` tokens; of all when absent. */
  ids(end?: number): number[]
  /** Takes the token that follows the last one. */
  push(report: TokenReport): DebugToken
  replace(token: DebugToken): void
  /** Another one with the first `end` tokens; both hold the same token objects. */
  fork(end: number): Timeline
  /** The tokens as they are now, in a list that does not change any more. */
  snapshot(): readonly DebugToken[]
}

const NOTHING: readonly number[] = []

export function createTimeline(program: PlacedProgram, first: readonly DebugToken[] = []): Timeline {
  const tokens: DebugToken[] = [...first]
  let frozen: readonly DebugToken[] | null = null
  /** Places tokens as they come; `placed` tokens have gone through it. */
  let places: TokenPlaces | null = null
  let placed = 0

  /** A text stream cannot begin in the middle: in a fork all tokens go through one of its own. */
  const placesAt = (end: number): TokenPlaces => {
    if (places === null || placed !== end) {
      places = openTokenPlaces(program.prompt, program.tokenizer)
      for (placed = 0; placed < end; placed++) places.push(tokens[placed]!.id)
    }
    placed++
    return places
  }

  return {
    tokens,
    ids: (end) => (end === undefined ? tokens : tokens.slice(0, end)).map(({ id }) => id),
    push(report) {
      if (report.index !== tokens.length) throw new Error(`token ${report.index} was reported where ${tokens.length} was due`)
      const { text, display, range, promptRange } = placesAt(tokens.length).push(report.id)
      // Most tokens look as they read: one string then.
      const token: DebugToken = {
        index: report.index, id: report.id, text: text === display ? display : text, display, range, promptRange,
        generated: report.generated, prediction: predictionIn(report), fired: report.fired.length === 0 ? NOTHING : report.fired,
      }
      tokens.push(token)
      frozen = null
      return token
    },
    replace(token) {
      tokens[token.index] = token
      frozen = null
    },
    fork: (end) => createTimeline(program, tokens.slice(0, end)),
    snapshot: () => (frozen ??= [...tokens]),
  }
}

/** What a report says of its own token's prediction; null where it says nothing yet. */
export function predictionIn({ logprob, entropy, rank, alternatives }: TokenReport): TokenPrediction | null {
  if (logprob === null || entropy === null || rank === null) return null
  // Objects that crossed a process border take a fifth more memory than those made here.
  return { logprob, entropy, rank, alternatives: alternatives.map(({ id, logprob }) => ({ id, logprob })) }
}
