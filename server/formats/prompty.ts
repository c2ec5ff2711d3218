// Prompty files (`.prompty`, versions 1 and 2): YAML front matter and a Jinja body with lines such as `system:` between messages.
// Format: https://prompty.ai/docs/prompty-file-format/
import { readFrontMatter, type FrontMatter } from './frontMatter'
import { renderJinjaBody } from './jinjaBody'
import { chatMessages, emptyPromptProblem, rawMessages, type BodyPart } from './promptMessages'
import type { PromptFile } from './promptFile'
import { readPromptOptions, type OptionPlaces, type PromptOptions } from './promptOptions'

const PLACES: OptionPlaces = {
  model: [['model', 'id'], ['model', 'configuration', 'azure_deployment'], ['model']],
  temperature: [['model', 'options', 'temperature'], ['model', 'parameters', 'temperature']],
  topP: [['model', 'options', 'topP'], ['model', 'parameters', 'top_p']],
  topK: [['model', 'options', 'topK'], ['model', 'parameters', 'top_k']],
  seed: [['model', 'options', 'seed'], ['model', 'parameters', 'seed']],
  maxTokens: [['model', 'options', 'maxOutputTokens'], ['model', 'parameters', 'max_tokens']],
  stop: [['model', 'options', 'stopSequences'], ['model', 'parameters', 'stop']],
}

/** Never throws. Text before any role is the system's, as in Prompty's own reader. */
export function parsePrompty(text: string): PromptFile {
  const { frontMatter, bodyStart } = readFrontMatter(text)
  const options = readOptions(frontMatter)
  const { values, threads } = sampleValues(frontMatter)
  const body = renderJinjaBody(text, bodyStart, values, threads)
  const parts = body.parts.flatMap((part) => splitRoles(text, part))
  const messages = options.raw ? rawMessages(text, parts) : chatMessages(text, parts, 'system')
  const problems = [...frontMatter.problems, ...options.problems, ...body.problems]
  if (messages.length === 0 && ![...frontMatter.problems, ...body.problems].some(({ severity }) => severity === 'error')) problems.push(emptyPromptProblem(text))
  return { kind: 'prompty', mode: options.raw ? 'raw' : 'chat', messages, frontMatter: options.frontMatter, problems }
}

/** `model:` may be a name or a section; only a name is one. */
function readOptions(frontMatter: FrontMatter): PromptOptions {
  const isSection = typeof frontMatter.value(['model']) === 'object'
  return readPromptOptions(frontMatter, { ...PLACES, model: isSection ? PLACES.model.slice(0, 2) : [['model']] })
}

/** Values for the variables: `sample:` of version 1, `inputs:` (a list or a map) and `inputSchema:` of version 2. */
function sampleValues(frontMatter: FrontMatter): { values: Record<string, unknown>; threads: Set<string> } {
  const values: Record<string, unknown> = {}
  const threads = new Set<string>()
  const take = (name: unknown, input: unknown): void => {
    if (typeof name !== 'string') return
    const fields = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {}
    const value = fields.default ?? fields.sample ?? fields.example
    if (fields.kind === 'thread') threads.add(name)
    else if (value !== undefined && value !== null) values[name] = value
  }
  for (const path of [['inputs'], ['inputSchema', 'properties']]) {
    const inputs = frontMatter.value(path)
    if (Array.isArray(inputs)) for (const input of inputs) take((input as { name?: unknown } | null)?.name, input)
    else if (typeof inputs === 'object' && inputs !== null) for (const [name, input] of Object.entries(inputs)) take(name, input)
  }
  const sample = frontMatter.value(['sample'])
  return { values: typeof sample === 'object' && sample !== null && !Array.isArray(sample) ? { ...values, ...sample } : values, threads }
}

/** A role alone on its line, `user:` or `user[name="Alice"]:`. */
const ROLE_LINE = /^[ \t]*(?:#[ \t]*)?(system|user|assistant|developer|tool)[ \t]*(?:\[[^\]\n]*\])?[ \t]*:[ \t]*(?:\r?\n|$)/gim

/** Roles count only where they stand in the file itself: a variable's value cannot start a new message. */
function splitRoles(file: string, part: BodyPart): BodyPart[] {
  if (part.kind === 'role' || !part.segment.source) return [part]
  const { text, source } = part.segment
  if (source.end - source.start !== text.length || !file.startsWith(text, source.start)) return [part]
  const parts: BodyPart[] = []
  let from = 0
  const copyUntil = (to: number): void => {
    if (to > from) parts.push({ kind: 'text', segment: { text: text.slice(from, to), source: { start: source.start + from, end: source.start + to } } })
  }
  for (const match of text.matchAll(ROLE_LINE)) {
    const startsLine = match.index > 0 || source.start === 0 || file[source.start - 1] === '\n'
    const endsLine = match.index + match[0].length < text.length || match[0].endsWith('\n') || source.end === file.length
    if (!startsLine || !endsLine) continue
    copyUntil(match.index)
    parts.push({ kind: 'role', role: match[1]!.toLowerCase() })
    from = match.index + match[0].length
  }
  copyUntil(text.length)
  return parts
}
