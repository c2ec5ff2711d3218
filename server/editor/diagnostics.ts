// What is underlined in prompts and .steer files, and the sentence that goes with it. Pure; places are offsets.
import { parseSteerFile } from '../formats/editLine'
import type { Problem } from '../formats/problem'
import { commandLink, suggestSuppressionsCommand } from '../protocol/editorCommands'
import type { RunDetail, RunFault, RunSummary } from '../protocol/requests'

/** What edits can be checked against; null while no model is loaded. */
export interface EditableModel {
  readonly name: string
  readonly saeLayers: readonly number[]
  /** Features per layer. */
  readonly dSae: number
}

/** A .steer file's problems: lines that are no edits, and features that the loaded SAE set does not have. */
export function steerProblems(text: string, model: EditableModel | null): Problem[] {
  const { edits, problems } = parseSteerFile(text)
  if (!model) return [...problems]
  const outside = edits.flatMap(({ edit: { feature }, range }): Problem[] => {
    const edit = `edit "${text.slice(range.start, range.end)}"`
    if (!model.saeLayers.includes(feature.layer)) {
      return [{ severity: 'warning', message: `${edit} names layer ${feature.layer}, which the SAE set of ${model.name} does not have`, remedy: `choose from layers ${shortList(model.saeLayers)}`, range }]
    }
    if (feature.feature >= model.dSae) {
      return [{ severity: 'warning', message: `${edit} names feature ${feature.feature}, beyond the ${model.dSae} of each layer`, remedy: `choose a feature from 0 to ${model.dSae - 1}`, range }]
    }
    return []
  })
  return [...problems, ...outside]
}

/** The sentence of a failed run, on the first line of the prompt that it was made from; nothing for other runs. */
export function runProblems(text: string, run: RunSummary | null): Problem[] {
  if (run?.status.kind !== 'failed') return []
  const lineEnd = text.search(/\r?\n|$/)
  return [{ severity: 'error', message: run.status.message, remedy: run.status.remedy, range: { start: 0, end: lineEnd } }]
}

/** What is offered with a problem: shown as a link behind it, and as a quick fix. */
export interface ProblemAction {
  readonly title: string
  readonly command: string
  readonly args: readonly unknown[]
  /** The same as the target of a link. */
  readonly link: string
}

/** Asks what to suppress in a run. */
export function suggestAction(runId: string): ProblemAction {
  return { title: 'suggest what to suppress', command: suggestSuppressionsCommand.id, args: [runId], link: commandLink(suggestSuppressionsCommand, runId) }
}

/** What a run did wrong, on the token where it begins: a wider mark would stand before the features in every hover of the fault. */
export function faultProblems(run: Pick<RunDetail, 'id' | 'tokens' | 'status'>, faults: readonly RunFault[]): (Problem & { readonly action: ProblemAction })[] {
  if (run.status.kind === 'running') return []
  return faults.flatMap(({ message, tokens }) => {
    const first = run.tokens.find((token) => token.index >= (tokens[0] ?? Infinity) && token.text !== '')
    return first ? [{ severity: 'warning' as const, message, remedy: 'suppress what brings it about', range: first.range, action: suggestAction(run.id) }] : []
  })
}

/** `0-5, 8`. */
function shortList(layers: readonly number[]): string {
  const parts: string[] = []
  for (let i = 0; i < layers.length; ) {
    let end = i
    while (layers[end + 1] === layers[end]! + 1) end++
    parts.push(end > i ? `${layers[i]}-${layers[end]}` : `${layers[i]}`)
    i = end + 1
  }
  return parts.join(', ')
}
