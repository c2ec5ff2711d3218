// Finds where messages' characters went in a rendered chat, whatever the template did to them: it renders again with
// characters that say where they come from and looks where those appear.
import { InputError } from '../protocol/errors'

/** rendered[start..end) is content[contentOffset..] of the message. */
export interface ContentSpan {
  readonly messageIndex: number
  readonly contentOffset: number
  readonly start: number
  readonly end: number
}

/** Private-use characters, which no template treats specially: FIRST + d stands for the digit d of a position. */
const FIRST = 0xe000
const DIGITS = 0x1900

/**
 * Spans in order, without overlaps. `render` renders the same chat with other contents, `literals` are the texts that
 * the template compares with. Characters that the template changed (upper case, JSON) have no span.
 */
export function findContentSpans(rendered: string, contents: readonly string[], literals: readonly string[], render: (contents: readonly string[]) => string): ContentSpan[] {
  const bases = startPositions(contents)
  // From the most exact to the most cautious: a template that trims needs its blanks, one that looks for `</think>` needs that.
  const masks: ((content: string) => Uint8Array)[] = [
    (content) => new Uint8Array(content.length).fill(1),
    (content) => maskOf(content, /\s/g),
    (content) => maskOf(content, literalPattern(literals)),
  ]
  for (const mask of masks) {
    const places = trace(rendered, contents, bases, contents.map(mask), render)
    if (places) return spansOf(fillGaps(rendered, contents, bases, places), bases)
  }
  return spansOf(searchInOrder(rendered, contents, bases), bases)
}

/** Positions count through all contents, so that one number tells message and offset. */
function startPositions(contents: readonly string[]): number[] {
  let next = 0
  return contents.map((content) => {
    const start = next
    next += content.length + 1 // a gap keeps the messages' positions apart
    return start
  })
}

/** 1 for every character that is replaced: all except those that the pattern matches. */
function maskOf(content: string, keep: RegExp): Uint8Array {
  const mask = new Uint8Array(content.length).fill(1)
  for (const match of content.matchAll(keep)) mask.fill(0, match.index, match.index + match[0].length)
  return mask
}

function literalPattern(literals: readonly string[]): RegExp {
  const longestFirst = literals.toSorted((a, b) => b.length - a.length).map((literal) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return new RegExp([...longestFirst, '\\s'].join('|'), 'g')
}

/** Per rendered character the position it came from, or -1; null when the replacement changed what the template does. */
function trace(rendered: string, contents: readonly string[], bases: readonly number[], masks: readonly Uint8Array[], render: (contents: readonly string[]) => string): Float64Array | null {
  const total = (bases.at(-1) ?? 0) + (contents.at(-1)?.length ?? 0)
  const places = new Float64Array(rendered.length).fill(-1)
  for (let unit = 1; unit === 1 || unit <= total; unit *= DIGITS) {
    const marked = renderMarked(contents, bases, masks, unit, render)
    if (marked?.length !== rendered.length) return null
    for (let i = 0; i < rendered.length; i++) {
      if (marked[i] === rendered[i]) continue
      const digit = marked.charCodeAt(i) - FIRST
      if (digit < 0 || digit >= DIGITS) return null
      places[i] = Math.max(places[i]!, 0) + digit * unit
    }
  }
  return agrees(rendered, contents.join('\0'), places) ? places : null
}

function renderMarked(contents: readonly string[], bases: readonly number[], masks: readonly Uint8Array[], unit: number, render: (contents: readonly string[]) => string): string | null {
  try {
    return render(contents.map((content, message) => {
      let marked = ''
      for (let i = 0; i < content.length; i++) marked += masks[message]![i] ? String.fromCharCode(FIRST + (Math.floor((bases[message]! + i) / unit) % DIGITS)) : content[i]
      return marked
    }))
  } catch (error) {
    if (error instanceof InputError) return null
    throw error
  }
}

function agrees(rendered: string, whole: string, places: Float64Array): boolean {
  return places.every((place, i) => place < 0 || whole[place] === rendered[i])
}

/** Characters that were not replaced lie beside some that were: continues each known place in both directions while the text agrees. */
function fillGaps(rendered: string, contents: readonly string[], bases: readonly number[], places: Float64Array): Float64Array {
  const whole = contents.join('\0')
  const starts = new Set(bases)
  const used = new Set(places)
  const claim = (i: number, place: number): boolean => {
    if (places[i] !== -1 || place < 0 || whole[place] === '\0' || whole[place] !== rendered[i] || used.has(place)) return false
    places[i] = place
    used.add(place)
    return true
  }
  for (let i = 1; i < rendered.length; i++) if (places[i - 1]! >= 0) claim(i, places[i - 1]! + 1)
  for (let i = rendered.length - 2; i >= 0; i--) if (places[i + 1]! >= 0 && !starts.has(places[i + 1]!)) claim(i, places[i + 1]! - 1)
  return places
}

/** The last resort: each message's trimmed content, one after the other. */
function searchInOrder(rendered: string, contents: readonly string[], bases: readonly number[]): Float64Array {
  const places = new Float64Array(rendered.length).fill(-1)
  let from = 0
  contents.forEach((content, message) => {
    const trimmed = content.trim()
    const found = trimmed === '' ? -1 : rendered.indexOf(trimmed, from)
    if (found < 0) return
    const first = bases[message]! + content.indexOf(trimmed)
    for (let i = 0; i < trimmed.length; i++) places[found + i] = first + i
    from = found + trimmed.length
  })
  return places
}

function spansOf(places: Float64Array, bases: readonly number[]): ContentSpan[] {
  const spans: ContentSpan[] = []
  for (let start = 0; start < places.length; ) {
    let end = start + 1
    if (places[start]! >= 0) {
      while (end < places.length && places[end] === places[end - 1]! + 1) end++
      const messageIndex = bases.findLastIndex((base) => base <= places[start]!)
      spans.push({ messageIndex, contentOffset: places[start]! - bases[messageIndex]!, start, end })
    }
    start = end
  }
  return spans
}
