// The editor's commands that the worker may put behind a CodeLens, a hover link or a code action: id, arguments, and the link's form.
import type { FeatureId } from './values'

/** A command of the editor, typed by its arguments. */
export interface EditorCommand<Args extends readonly unknown[]> {
  readonly id: `promptscope.${string}`
  /** Never set; carries the type. */
  readonly args?: (...args: Args) => void
}

/** A feature where it was met: on one token of a run, or in general when both are null. */
export interface FeaturePlace {
  readonly runId: string | null
  readonly feature: FeatureId
  readonly tokenIndex: number | null
}

const command = <Args extends readonly unknown[]>(name: string): EditorCommand<Args> => ({ id: `promptscope.${name}` })

/** Runs a prompt file with the current edits and opens the run document. */
export const runPromptCommand = command<[promptUri: string]>('runPrompt')
/** Debugs a prompt file: generates token by token and stops at breakpoints. */
export const debugPromptCommand = command<[promptUri: string]>('debugPrompt')
export const cancelRunCommand = command<[runId: string]>('cancelRun')
/** Same prompt, sampling and seed with the current edits; opens the difference. */
export const rerunCommand = command<[runId: string]>('rerun')
export const openRunCommand = command<[runId: string]>('openRun')
/** Shows the two completions of a run and the run it came from in the diff editor. */
export const diffRunsCommand = command<[originalRunId: string, runId: string]>('diffRuns')
/** Asks which of the features that may explain the fault or the selection to suppress, then re-runs. */
export const suggestSuppressionsCommand = command<[runId: string]>('suggestSuppressions')
/** Adds the edit `= 0`, re-runs the run it was seen in and opens the difference. */
export const suppressFeatureCommand = command<[place: FeaturePlace]>('suppressFeature')
/** Asks how strongly, adds the edit `+= x`, re-runs, opens the difference. */
export const boostFeatureCommand = command<[place: FeaturePlace]>('boostFeature')
/** Asks for the value, adds the edit `= x`, re-runs, opens the difference. */
export const clampFeatureCommand = command<[place: FeaturePlace]>('clampFeature')
export const pinFeatureCommand = command<[place: FeaturePlace]>('pinFeature')
export const unpinFeatureCommand = command<[place: FeaturePlace]>('unpinFeature')
/** Paints the feature's activation over the run document and its prompt. */
export const showFeatureCommand = command<[place: FeaturePlace]>('showFeature')
/** Asks for a bound and adds a breakpoint that stops the debugger when the feature fires. */
export const breakWhenFiresCommand = command<[place: FeaturePlace]>('breakWhenFires')
/** Opens the Scope panel on a run, at a token when one is given. */
export const openScopeCommand = command<[place: { readonly runId: string; readonly tokenIndex: number | null }]>('openScope')
/** Reads every layer of a finished run that was not read while it went on. */
export const readAllLayersCommand = command<[runId: string]>('readAllLayers')
/** Replaces the edits by the lines of a .steer file. */
export const importEditsCommand = command<[steerUri: string]>('importEdits')
export const selectModelCommand = command<[]>('selectModel')
export const showLogCommand = command<[]>('showLog')

/** Every command above: those that a hover's markdown may call. */
export const linkableCommands: readonly string[] = [
  runPromptCommand, debugPromptCommand, cancelRunCommand, rerunCommand, openRunCommand, diffRunsCommand, suggestSuppressionsCommand, suppressFeatureCommand, boostFeatureCommand,
  clampFeatureCommand, pinFeatureCommand, unpinFeatureCommand, showFeatureCommand, breakWhenFiresCommand, openScopeCommand, readAllLayersCommand, importEditsCommand, selectModelCommand, showLogCommand,
].map(({ id }) => id)

/** The target of a markdown link that runs a command: `[Suppress](command:…)`. */
export function commandLink<Args extends readonly unknown[]>(command: EditorCommand<Args>, ...args: Args): string {
  // Parentheses would end the markdown link.
  return `command:${command.id}?${encodeURIComponent(JSON.stringify(args)).replace(/\(/g, '%28').replace(/\)/g, '%29')}`
}
