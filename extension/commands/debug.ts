// The commands of the debugger: debug a prompt, stop when a feature fires, change a feature from the current token on, and name, open and compare branches.
import * as vscode from 'vscode'
import { InputError } from '../../server/protocol/errors'
import { nameDebugBranch } from '../../server/protocol/debugRequests'
import { Command, DEBUG_TYPE } from '../contributions'
import { breakpointProblem } from '../debug/featureBreakpoint'
import { promptOf, sayNothingToDebug } from '../debug/launchConfiguration'
import { askAdapter, type DebugSessions, type LiveBranch } from '../debug/sessions'
import { featureName } from '../featureName'
import type { Worker } from '../serverProcess'
import { activationText } from '../wording'
import type { WorkerState } from '../workerState'
import { isVariableRow, placeOf, tokenAtCursor, type VariableRow } from './targets'

export function createDebugCommands(worker: Worker, state: WorkerState, sessions: DebugSessions) {
  const breakWhenFires = async (arg?: unknown): Promise<void> => {
    // Without a token under the cursor there is nothing to pick from, and the name is asked for below.
    const canPick = arg !== undefined || (await tokenAtCursor(worker, state)) !== null
    const place = canPick ? await placeOf(worker, state, arg, 'Break When a Feature Fires') : null
    if (place === undefined) return
    const [description] = place ? await state.describe([place.feature]) : []
    const usual = description?.typicalActivation ?? null
    const value = place ? featureName(place.feature) : ''
    const name = await vscode.window.showInputBox({
      title: place ? `Break When ${value} Fires${description?.label ? ` · ${description.label}` : ''}` : 'Break When a Feature Fires',
      prompt: `Stops wherever it fires${usual === null ? '' : ` (usually at ${activationText(usual)})`}; write > and a number to stop only above it`,
      value,
      valueSelection: [value.length, value.length],
      placeHolder: 'L3/1021 > 8',
      validateInput: breakpointProblem,
    })
    if (name !== undefined && name.trim() !== '') addFeatureBreakpoint(name.trim())
  }

  const nameBranch = async (...args: unknown[]): Promise<void> => {
    const branch = await branchOf(sessions, args, 'Name a Branch')
    if (!branch) return
    const name = await vscode.window.showInputBox({ title: `Name ${branch.name}`, value: branch.name, validateInput: (text) => (text.trim() === '' ? 'Write a name.' : null) })
    if (name === undefined || name.trim() === '' || name.trim() === branch.name) return
    await askAdapter(branch.session, nameDebugBranch, { threadId: branch.threadId, name: name.trim() })
    await sessions.refresh(branch.session)
  }

  const compareBranches = async (...args: unknown[]): Promise<void> => {
    const branch = await branchOf(sessions, args, 'Compare a Branch')
    if (!branch) return
    const others = sessions.branches.filter((other) => other.session.id === branch.session.id && other.threadId !== branch.threadId)
    if (others.length === 0) throw new InputError(`${branch.name} is the only branch`, 'step back and change a feature or a token to make another')
    const parent = others.find(({ threadId }) => threadId === branch.parent?.threadId)
    const other = parent ?? (others.length === 1 ? others[0] : await pickBranch(others, `Compare ${branch.name} with…`))
    if (!other) return
    // The older one stands on the left.
    const [original, changed] = other.threadId < branch.threadId ? [other, branch] : [branch, other]
    await vscode.commands.executeCommand(Command.diffRuns, runOfBranch(original), runOfBranch(changed))
  }

  return {
    debugPrompt: async (arg?: unknown) => {
      const named = arg instanceof vscode.Uri ? arg : typeof arg === 'string' ? vscode.Uri.parse(arg) : undefined
      const prompt = named ? promptOf(state, named) : null
      if (prompt && prompt.kind !== 'file') return sayNothingToDebug(prompt)
      const folder = named && vscode.workspace.getWorkspaceFolder(named)
      await vscode.debug.startDebugging(folder, { type: DEBUG_TYPE, request: 'launch', name: 'Debug this prompt', ...(prompt ? { program: prompt.path } : {}) })
    },
    breakWhenFires,
    nameBranch,
    compareBranches,
    openBranch: async (...args: unknown[]) => {
      const branch = await branchOf(sessions, args, 'Open a Branch')
      if (branch) await vscode.commands.executeCommand(Command.openRun, runOfBranch(branch))
    },
    suppressFromHere: (arg?: unknown) => setVariable(arg, 'suppress'),
    boostFromHere: async (arg?: unknown) => {
      if (!isVariableRow(arg)) return
      const amount = await vscode.window.showInputBox({
        title: `Boost ${arg.variable.name}`,
        prompt: 'Added to its activation from this token on',
        value: '20',
        validateInput: (text) => (Number.isFinite(Number(text)) && text.trim() !== '' ? null : 'Write a number, for example 20.'),
      })
      if (amount !== undefined) await setVariable(arg, `boost ${amount.trim()}`)
    },
    forceToken: (arg?: unknown) => setVariable(arg, 'force'),
  }
}

/** Adds a function breakpoint, or says that it is there. */
function addFeatureBreakpoint(name: string): void {
  const known = vscode.debug.breakpoints.some((breakpoint) => breakpoint instanceof vscode.FunctionBreakpoint && breakpoint.functionName === name)
  if (!known) vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(name)])
  void vscode.window.setStatusBarMessage(known ? `There is a breakpoint ${name} already` : `Breaks when ${name.includes('>') ? name : `${name} fires`}`, 4_000)
}

/** Sets a variable as typing over its value would. */
async function setVariable(arg: unknown, value: string): Promise<void> {
  const session = vscode.debug.activeDebugSession
  if (!isVariableRow(arg) || !session || !belongsTo(arg, session)) return
  try {
    await session.customRequest('setVariable', { variablesReference: arg.container.variablesReference, name: arg.variable.name, value })
  } catch (error) {
    // The adapter's own sentence; the editor shows none for requests of extensions.
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error))
  }
}

function belongsTo({ sessionId }: VariableRow, session: vscode.DebugSession): boolean {
  return sessionId === undefined || sessionId === session.id
}

/** The branch that a row of the call stack or the session's focus means; asked where several could be meant. */
async function branchOf(sessions: DebugSessions, args: readonly unknown[], title: string): Promise<LiveBranch | undefined> {
  const { branches, focus } = sessions
  if (branches.length === 0) throw new InputError('no prompt is being debugged', 'start with F5')
  const run = args.find(isRunRow)
  if (run) return branches.find(({ runId }) => runId === run.run.id)
  const thread = args.map(threadOf).find((found) => found !== null)
  const sessionId = args.map(sessionOf).find((found) => found !== null) ?? vscode.debug.activeDebugSession?.id
  const own = branches.filter(({ session }) => sessionId === undefined || session.id === sessionId)
  if (thread !== undefined) return own.find(({ threadId }) => threadId === thread)
  if (own.length === 1) return own[0]
  return (focus && own.find(({ threadId }) => threadId === focus.threadId)) ?? pickBranch(branches, title)
}

async function pickBranch(branches: readonly LiveBranch[], title: string): Promise<LiveBranch | undefined> {
  const items = branches.map((branch) => ({ label: branch.name, description: branch.parent ? `from token ${branch.parent.position}` : '', branch }))
  return (await vscode.window.showQuickPick(items, { title }))?.branch
}

function runOfBranch({ name, runId }: LiveBranch): string {
  if (runId === null) throw new InputError(`${name} is kept nowhere`, 'debug a prompt file')
  return runId
}

/** The call stack's menu gives the thread's number first and an object with both ids after it. */
function threadOf(arg: unknown): number | null {
  if (typeof arg === 'number') return arg
  const id: unknown = typeof arg === 'object' && arg !== null ? Reflect.get(arg, 'threadId') : null
  return typeof id === 'number' ? id : null
}

/** A row of the Runs view. */
function isRunRow(arg: unknown): arg is { readonly run: { readonly id: string } } {
  const run: unknown = typeof arg === 'object' && arg !== null ? Reflect.get(arg, 'run') : null
  return typeof run === 'object' && run !== null && typeof Reflect.get(run, 'id') === 'string'
}

function sessionOf(arg: unknown): string | null {
  const id: unknown = typeof arg === 'object' && arg !== null ? Reflect.get(arg, 'sessionId') : null
  return typeof id === 'string' ? id : null
}
