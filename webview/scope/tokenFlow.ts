// Tokens flowing as text, kept in step with a run that grows: only what changed is drawn, only what is seen is laid out.
import type { RunToken } from '../../server/protocol/requests'
import { element } from '../widgets/element'
import { createTokenNodes } from './tokenParts'

/** A block of tokens in reading order. */
export interface TokenFlow {
  readonly element: HTMLElement
  readonly tokens: readonly RunToken[]
  /** The boxes of `tokens`, in the same order. */
  readonly boxes: readonly HTMLElement[]
  /** Draws `tokens`; answers how many from the start were kept as they were. */
  sync(tokens: readonly RunToken[]): number
}

// A chunk is a block of its own, so that the browser can skip those out of sight; it ends with a line where it can.
const CHUNK_TOKENS = 96
const LONGEST_CHUNK = 384

/** `role` is that of the boxes: an option of a list, or none. */
export function createTokenFlow(role?: 'option'): TokenFlow {
  const flow = element('div', { class: 'token-flow' })
  const drawn: RunToken[] = []
  const boxes: HTMLElement[] = []
  const removeFrom = (keep: number): void => {
    drawn.length = keep
    for (const box of boxes.splice(keep)) {
      const chunk = box.parentElement!
      while (box.nextElementSibling?.classList.contains('line-break')) box.nextElementSibling.remove()
      box.remove()
      if (chunk.childElementCount === 0) chunk.remove()
    }
  }
  return {
    element: flow,
    tokens: drawn,
    boxes,
    sync(tokens) {
      let keep = 0
      while (keep < drawn.length && keep < tokens.length && looksSame(drawn[keep]!, tokens[keep]!)) {
        drawn[keep] = tokens[keep]!
        keep++
      }
      removeFrom(keep)
      let chunk = flow.lastElementChild
      for (const token of tokens.slice(keep)) {
        const length = chunk?.childElementCount ?? 0
        if (!chunk || length >= LONGEST_CHUNK || (length >= CHUNK_TOKENS && chunk.lastElementChild?.classList.contains('line-break'))) {
          chunk = element('div', { class: 'token-chunk', role: 'presentation' })
          flow.append(chunk)
        }
        const { box, breaks } = createTokenNodes(token, role)
        chunk.append(box, ...breaks)
        drawn.push(token)
        boxes.push(box)
      }
      return keep
    },
  }
}

function looksSame(a: RunToken, b: RunToken): boolean {
  return a === b || (a.index === b.index && a.id === b.id && a.display === b.display && a.generated === b.generated && a.logprob === b.logprob && a.outlier === b.outlier)
}
