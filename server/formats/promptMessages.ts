// Puts what a prompt file's body came to, stretches of text and changes of role, together into messages.
import type { Problem } from './problem'
import type { PromptMessage, PromptSegment } from './promptFile'

/** Text, or the role from which on text belongs to a new message. */
export type BodyPart = { readonly kind: 'text'; readonly segment: PromptSegment } | { readonly kind: 'role'; readonly role: string }

/** Text of the file itself. */
export function copiedPart(file: string, start: number, end: number): BodyPart {
  return { kind: 'text', segment: { text: file.slice(start, end), source: { start, end } } }
}

/** Text that stands for a stretch of the file, such as a variable's value. */
export function substitutedPart(text: string, start: number, end: number): BodyPart {
  return { kind: 'text', segment: { text, source: { start, end } } }
}

/** Messages with blanks trimmed at both ends of each; those without any text are left out. `firstRole` is that of text before any role. */
export function chatMessages(file: string, parts: readonly BodyPart[], firstRole: string): PromptMessage[] {
  const messages: { role: string; segments: PromptSegment[] }[] = [{ role: firstRole, segments: [] }]
  for (const part of parts) {
    if (part.kind === 'role') messages.push({ role: part.role, segments: [] })
    else messages.at(-1)!.segments.push(part.segment)
  }
  return messages.map(({ role, segments }) => ({ role, segments: trimmed(file, joined(file, segments)) })).filter(({ segments }) => segments.length > 0)
}

/** The whole body as one raw message; roles are left out, and so is one line break at the end. */
export function rawMessages(file: string, parts: readonly BodyPart[]): PromptMessage[] {
  const segments = joined(file, parts.flatMap((part) => (part.kind === 'text' ? part.segment : [])))
  const last = segments.at(-1)
  if (last) segments[segments.length - 1] = cut(file, last, 0, last.text.replace(/\r?\n$/, '').length)
  const written = segments.filter(({ text }) => text !== '')
  return written.length ? [{ role: '', segments: written }] : []
}

export function emptyPromptProblem(file: string): Problem {
  return { severity: 'error', message: 'prompt is empty', remedy: 'write some text into it', range: { start: 0, end: file.length } }
}

/** Neighbours that are copied from neighbouring stretches become one. */
function joined(file: string, segments: readonly PromptSegment[]): PromptSegment[] {
  const result: PromptSegment[] = []
  for (const segment of segments) {
    const last = result.at(-1)
    if (segment.text === '') continue
    if (last?.source && segment.source && last.source.end === segment.source.start && isCopied(file, last) && isCopied(file, segment)) {
      result[result.length - 1] = { text: last.text + segment.text, source: { start: last.source.start, end: segment.source.end } }
    } else result.push(segment)
  }
  return result
}

function trimmed(file: string, segments: readonly PromptSegment[]): PromptSegment[] {
  const result = [...segments]
  while (result.length && result[0]!.text.trim() === '') result.shift()
  while (result.length && result.at(-1)!.text.trim() === '') result.pop()
  const first = result[0]
  if (first) result[0] = cut(file, first, first.text.length - first.text.trimStart().length, first.text.length)
  const last = result.at(-1)
  if (last) result[result.length - 1] = cut(file, last, 0, last.text.trimEnd().length)
  return result
}

function cut(file: string, segment: PromptSegment, from: number, to: number): PromptSegment {
  const text = segment.text.slice(from, to)
  if (!segment.source || !isCopied(file, segment)) return { text, source: segment.source }
  return { text, source: { start: segment.source.start + from, end: segment.source.start + to } }
}

function isCopied(file: string, { text, source }: PromptSegment): boolean {
  return source !== null && file.startsWith(text, source.start) && source.end - source.start === text.length
}
