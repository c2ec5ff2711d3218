// What is wrong with a prompt file as text: its front matter, its template and its edit lines.
import type { Problem } from '../formats/problem'
import { parsePromptFile } from '../formats/promptFile'
import { MOST_PROMPT_BYTES } from '../formats/promptSize'
import { fileNameOf } from './fileName'

/** Empty for a prompt that can be run without a word. */
export function promptProblems(uri: string, text: string): readonly Problem[] {
  // Too large to be read after every pause in typing; a run says so.
  if (text.length > MOST_PROMPT_BYTES) return []
  return parsePromptFile(fileNameOf(uri), text).problems
}
