// Renders messages with a model's chat template and says which rendered characters came from which message.
import { findContentSpans, type ContentSpan } from './contentSpans'
import { compileTemplate } from './templateInterpreter'

/** A message as chat templates know it; further fields (`tool_calls`, `reasoning_content`) are passed on. */
export interface ChatMessage {
  readonly role: string
  readonly content: string
  readonly [field: string]: unknown
}

export interface ChatOptions {
  /** Ends the text where the assistant's answer begins. */
  readonly addGenerationPrompt: boolean
  /** Further variables of the template, such as `enable_thinking` or `tools`. */
  readonly variables?: Readonly<Record<string, unknown>>
}

export interface RenderedChat {
  readonly text: string
  /** In order of `start`, without overlaps: text[start..end) is content[contentOffset…] of messages[messageIndex]. */
  readonly spans: readonly ContentSpan[]
}

/** Throws InputError when the template cannot be read, raises an exception (`raise_exception`) or does not come to an end. */
export function renderChat(template: string, messages: readonly ChatMessage[], options: ChatOptions): RenderedChat {
  const compiled = compileTemplate(template)
  const render = (contents: readonly string[]): string =>
    compiled.render({ ...options.variables, messages: messages.map((message, index) => ({ ...message, content: contents[index]! })), add_generation_prompt: options.addGenerationPrompt })
  const contents = messages.map(({ content }) => content)
  const text = render(contents)
  return { text, spans: findContentSpans(text, contents, compiled.literals, render) }
}
