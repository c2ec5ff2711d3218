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

/** Which characters of a content are replaced: 1 for those that are. */
type Mask = (content: string) => Uint8Array

/** Above this many messages all share one mask, since finding each one's own takes a rendering. */
const SEPARATE_LIMIT = 64

/**
 * Spans in order, without overlaps. `render` renders the same chat with other contents, `literals` are the texts that
 * the template compares with. Characters that the template changed (upper case, JSON) have no span.
 */
export function findContentSpans(rendered: string, contents: readonly string[], literals: readonly string[], render: (contents: readonly string[]) => string): ContentSpan[] {
  const bases = startPositions(contents)
  // From the most exact to the most cautious: a template that looks for `</think>` needs that, one that trims needs the blanks.
  const masks: Mask[] = [
    (content) => new Uint8Array(content.length).fill(1),
    (content) => maskOf(content, anyOf(literals)),
    (content) => maskOf(content, /\s/g),
    (content) => maskOf(content, anyOf([...literals, ' ', '\n', '\t', '\r', '\u3000', '\u00a0'])),
  ]
  const places = (chosen: readonly Mask[]): Float64Array | null => trace(rendered, contents, bases, chosen.map((mask, index) => mask(contents[index]!)), render)
  for (const mask of masks) {
    const found = places(contents.map(() => mask))
    if (found) return spansOf(fillGaps(rendered, contents, bases, found), bases)
    if (mask !== masks[0] || contents.length > SEPARATE_LIMIT) continue
    const nothing: Mask = (content) => new Uint8Array(content.length)
    const own = contents.map((_, message) => masks.find((candidate) => places(contents.map((_, index) => (index === message ? candidate : nothing)))) ?? nothing)
    const separate = places(own)
    if (separate) return spansOf(searchFor(own.map((mask) => mask === nothing), rendered, contents, bases, fillGaps(rendered, contents, bases, separate)), bases)
  }
  return spansOf(searchFor(contents.map(() => true), rendered, contents, bases, new Float64Array(rendered.length).fill(-1)), bases)
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

function anyOf(literals: readonly string[]): RegExp {
  const longestFirst = literals.toSorted((a, b) => b.length - a.length).map((literal) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return new RegExp(longestFirst.join('|') || '(?!)', 'g')
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
  const whole = contents.join('\0')
  return places.map((place, i) => (whole[place] === rendered[i] ? place : -1))
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

/**
 * Characters that were not replaced lie beside some that were: continues each known place in both directions while the
 * text agrees. Blanks count only between known places: at a message's ends they are the template's as likely as not.
 */
function fillGaps(rendered: string, contents: readonly string[], bases: readonly number[], places: Float64Array): Float64Array {
  const used = new Set(places)
  for (const step of [1, -1]) {
    for (let from = 0; from < rendered.length; from++) {
      const place = places[from]!
      if (place < 0) continue
      const message = bases.findLastIndex((base) => base <= place)
      const content = contents[message]!
      let last = from
      for (let i = from + step, at = place - bases[message]! + step; places[i] === -1 && content[at] === rendered[i] && !used.has(bases[message]! + at); i += step, at += step) last = i
      const meets = places[last + step] === place + (last + step - from)
      while (!meets && last !== from && /\s/.test(rendered[last]!)) last -= step
      for (let i = from; i !== last; ) {
        i += step
        places[i] = place + (i - from)
        used.add(places[i]!)
      }
    }
  }
  return places
}

/** The last resort, for messages that could not be traced: looks for their trimmed content between their neighbours. */
function searchFor(isWanted: readonly boolean[], rendered: string, contents: readonly string[], bases: readonly number[], places: Float64Array): Float64Array {
  contents.forEach((content, message) => {
    const trimmed = content.trim()
    if (!isWanted[message] || trimmed === '') return
    const first = bases[message]!
    const from = places.findLastIndex((place) => place >= 0 && place < first) + 1
    const next = places.findIndex((place) => place >= first + content.length)
    const found = rendered.slice(0, next < 0 ? rendered.length : next).indexOf(trimmed, from)
    if (found >= 0) for (let i = 0; i < trimmed.length; i++) places[found + i] = first + content.indexOf(trimmed) + i
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
