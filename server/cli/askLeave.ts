// Asks whoever sits at the terminal for a yes.
import { createInterface } from 'node:readline/promises'
import { CancelledError, InputError } from '../protocol/errors'

/** Whether the answer is yes; `subject` is the command that waits for it. Throws InputError where nobody can be asked, CancelledError on Ctrl-C. */
export async function askLeave(subject: string, question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new InputError(`${subject} waits for a yes, and there is nobody to ask`, 'add --yes to the command')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C is caught by readline while it asks.
  const interrupted = new Promise<never>((_resolve, reject) => lines.once('SIGINT', () => reject(new CancelledError())))
  try {
    const answer = await Promise.race([lines.question(question, { signal }), interrupted])
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    if (signal.aborted) throw new CancelledError()
    // The end of the input, Ctrl-D, is no yes.
    if (error instanceof Error && error.name === 'AbortError') return false
    throw error
  } finally {
    lines.close()
  }
}
