// What is wrong with a prompt file as text: its front matter and its template.
import type { Problem } from '../formats/problem'

/** Empty for a prompt that can be run. */
export function promptProblems(_uri: string, _text: string): Problem[] {
  return []
}
