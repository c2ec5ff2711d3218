// VS Code's prompt files (`.prompt.md`): front matter, then one user message in markdown.
// Format: https://code.visualstudio.com/docs/copilot/customization/prompt-files
import { readFrontMatter } from './frontMatter'
import { chatMessages, copiedPart, emptyPromptProblem, rawMessages } from './promptMessages'
import type { Problem } from './problem'
import type { PromptFile } from './promptFile'
import { readPromptOptions } from './promptOptions'
import { quote } from './quote'

/** Never throws. `${input:…}` variables have no value here: they stay as they are, with a warning. */
export function parsePromptMarkdown(text: string): PromptFile {
  const { frontMatter, bodyStart } = readFrontMatter(text)
  const options = readPromptOptions(frontMatter, { model: [['model']], temperature: [], topP: [], topK: [], seed: [], maxTokens: [], stop: [] })
  const parts = [copiedPart(text, bodyStart, text.length)]
  const messages = options.raw ? rawMessages(text, parts) : chatMessages(text, parts, 'user')
  const problems = [...frontMatter.problems, ...options.problems, ...variableProblems(text, bodyStart)]
  if (messages.length === 0 && frontMatter.problems.length === 0) problems.push(emptyPromptProblem(text))
  return { kind: 'promptMarkdown', mode: options.raw ? 'raw' : 'chat', messages, frontMatter: options.frontMatter, problems }
}

function variableProblems(text: string, bodyStart: number): Problem[] {
  return Array.from(text.slice(bodyStart).matchAll(/\$\{input:([^}\n]*)\}/g), (match) => ({
    severity: 'warning',
    message: `variable ${quote(match[1]!.split(':')[0]!)} has no value here and is fed as it stands`,
    remedy: 'write the text in its place',
    range: { start: bodyStart + match.index, end: bodyStart + match.index + match[0].length },
  }))
}
