// A prompt file as messages, each stretch of text with its place in the file, and what its front matter asks for.
import type { Edit, TextRange } from '../protocol/values'
import { parseDotprompt } from './dotprompt'
import { parsePlainPrompt } from './plainPrompt'
import type { Problem } from './problem'
import { parsePromptMarkdown } from './promptMarkdown'
import { parsePrompty } from './prompty'

/** Text and where it stands in the file: the same characters when copied, the whole `{{…}}` when put in for it; null when it stands nowhere. */
export interface PromptSegment {
  readonly text: string
  readonly source: TextRange | null
}

/** One turn. Its segments, put together, are its content. `role` is that of chat templates, or empty for a raw prompt. */
export interface PromptMessage {
  readonly role: string
  readonly segments: readonly PromptSegment[]
}

/** A front matter value and where it stands. */
export interface Located<Value> {
  readonly value: Value
  readonly range: TextRange
}

/** What the front matter says about a run; what it does not say is left out. */
export interface PromptFrontMatter {
  readonly model?: Located<string>
  readonly sae?: Located<string>
  readonly temperature?: Located<number>
  readonly topP?: Located<number>
  readonly topK?: Located<number>
  readonly seed?: Located<number>
  /** Tokens to generate. */
  readonly maxTokens?: Located<number>
  readonly stop?: Located<readonly string[]>
  readonly layers?: Located<readonly number[]>
  /** Edit lines that parsed; the others are among the problems. */
  readonly edits?: readonly Located<Edit>[]
  /** Variables of the chat template, such as `enable_thinking` or `tools`. */
  readonly template?: Located<Readonly<Record<string, unknown>>>
}

export interface PromptFile {
  readonly kind: 'dotprompt' | 'prompty' | 'promptMarkdown' | 'plain'
  /** `chat` goes through the model's chat template; `raw` has one message, whose text is fed as it is. */
  readonly mode: 'chat' | 'raw'
  readonly messages: readonly PromptMessage[]
  readonly frontMatter: PromptFrontMatter
  /** An error keeps the prompt from running; a warning does not. In the order of the file. */
  readonly problems: readonly Problem[]
}

/** Reads a prompt file by the name's ending: `.prompt`, `.prompty`, `.prompt.md`, anything else is plain text. Never throws for what is in it. */
export function parsePromptFile(fileName: string, text: string): PromptFile {
  const name = fileName.toLowerCase()
  if (name.endsWith('.prompt.md')) return parsePromptMarkdown(text)
  if (name.endsWith('.prompt')) return parseDotprompt(text)
  if (name.endsWith('.prompty')) return parsePrompty(text)
  return parsePlainPrompt(text)
}
