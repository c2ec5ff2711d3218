// Ids and names of new runs.
import { randomBytes } from 'node:crypto'
import { fileNameOf } from '../editor/fileName'
import type { RunSummary } from '../protocol/requests'

/** Sorts by time, and two of the same millisecond still differ. */
export function newRunId(): string {
  return `${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`
}

/** `greeting.prompt #3`: one more than the highest number among the prompt's runs and their branches; a prompt without a file is called `text`. */
export function nextRunName(runs: readonly Pick<RunSummary, 'promptUri' | 'name'>[], promptUri: string | null): string {
  const numbers = runs.filter((run) => run.promptUri === promptUri).map(({ name }) => Number(/#(\d+)(?:\.\d+)?$/.exec(name)?.[1] ?? 0))
  return `${promptUri === null ? 'text' : fileNameOf(promptUri)} #${Math.max(0, ...numbers) + 1}`
}
