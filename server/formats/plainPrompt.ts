// A plain text or markdown file as a prompt: the whole file, exactly as it stands.
import { emptyPromptProblem } from './promptMessages'
import type { PromptFile } from './promptFile'

/** Raw: nothing inside is trimmed or interpreted. One line break at the very end is left out, since editors put it there. */
export function parsePlainPrompt(text: string): PromptFile {
  const content = withoutLastLineBreak(text)
  return {
    kind: 'plain',
    mode: 'raw',
    messages: content === '' ? [] : [{ role: '', segments: [{ text: content, source: { start: 0, end: content.length } }] }],
    frontMatter: {},
    problems: content === '' ? [emptyPromptProblem(text)] : [],
  }
}

function withoutLastLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '')
}
