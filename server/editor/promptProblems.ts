// What is wrong with a prompt file as text: its front matter, its template and its edit lines.
import type { Problem } from '../formats/problem'
import { parsePromptFile } from '../formats/promptFile'
import { fileNameOf } from './fileName'

/** Empty for a prompt that can be run without a word. */
export function promptProblems(uri: string, text: string): readonly Problem[] {
  return parsePromptFile(fileNameOf(uri), text).problems
}
