// What the worker itself holds of a model, without its weights: enough to turn a prompt file into tokens and tokens into text.
import type { PreparedPrompt, PromptModel } from '../runs/preparePrompt'
import type { RunHeader, RunRecorder } from '../runs/runDetail'

export interface PromptReader {
  readonly promptModel: PromptModel
  /** Throws InputError when the file cannot be read as a prompt. */
  read(promptUri: string, text: string): PreparedPrompt
  /** A token's own bytes as text. */
  display(id: number): string
  createRecorder(header: RunHeader, prompt: PreparedPrompt): RunRecorder
}
