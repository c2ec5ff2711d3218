// Tokens of a branch for tests, made from their texts: equal texts have equal ids.
import type { DebugToken } from '../../../server/debug/branch'

const ids = new Map<string, number>()

/** A branch's tokens; those of the prompt stand in the prompt file as they stand in the run document, `offset` further on. */
export function fakeTokens(prompt: readonly string[], completion: readonly string[] = [], offset = 0): DebugToken[] {
  let end = 0
  return [...prompt, ...completion].map((text, index): DebugToken => {
    const start = end
    end += text.length
    if (!ids.has(text)) ids.set(text, ids.size)
    const generated = index >= prompt.length
    return { index, id: ids.get(text)!, text, display: text, range: { start, end }, promptRange: generated ? null : { start: start + offset, end: end + offset }, generated, prediction: null, fired: [] }
  })
}

/** Words as tokens, each after the first with its leading blank. */
export function words(text: string): string[] {
  return text.split(/(?= )/)
}
