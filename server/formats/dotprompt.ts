// Dotprompt files (`.prompt`): YAML front matter and a Handlebars body whose variables take their defaults.
// Format: https://google.github.io/dotprompt/reference/
import { readFrontMatter, type FrontMatter } from './frontMatter'
import { parseHandlebars } from './handlebars'
import { renderHandlebars } from './handlebarsRender'
import { chatMessages, emptyPromptProblem, rawMessages } from './promptMessages'
import type { PromptFile } from './promptFile'
import { readPromptOptions, type OptionPlaces } from './promptOptions'

const PLACES: OptionPlaces = {
  model: [['model']],
  temperature: [['config', 'temperature']],
  topP: [['config', 'topP']],
  topK: [['config', 'topK']],
  seed: [['config', 'seed']],
  maxTokens: [['config', 'maxOutputTokens']],
  stop: [['config', 'stopSequences']],
}

/** Never throws. Text before any `{{role}}` is the user's. */
export function parseDotprompt(text: string): PromptFile {
  const { frontMatter, bodyStart } = readFrontMatter(text)
  const options = readPromptOptions(frontMatter, PLACES)
  const template = parseHandlebars(text, bodyStart)
  const body = renderHandlebars(text, template.nodes, inputDefaults(frontMatter))
  const messages = options.raw ? rawMessages(text, body.parts) : chatMessages(text, body.parts, 'user')
  const problems = [...frontMatter.problems, ...options.problems, ...[...template.problems, ...body.problems].sort((a, b) => a.range.start - b.range.start)]
  if (messages.length === 0 && frontMatter.problems.length === 0) problems.push(emptyPromptProblem(text))
  return { kind: 'dotprompt', mode: options.raw ? 'raw' : 'chat', messages, frontMatter: options.frontMatter, problems }
}

/** `input.default`, and the defaults that a JSON schema gives its properties. */
function inputDefaults(frontMatter: FrontMatter): Record<string, unknown> {
  const properties = frontMatter.value(['input', 'schema', 'properties'])
  const defaults: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(properties ?? {})) {
    const value = (schema as { default?: unknown } | null)?.default
    if (value !== undefined) defaults[name] = value
  }
  const given = frontMatter.value(['input', 'default'])
  return typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...defaults, ...given } : defaults
}
