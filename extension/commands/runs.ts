// The commands about runs: run a prompt, cancel, re-run and compare, open, delete and bring back.
import * as vscode from 'vscode'
import { InputError } from '../../server/protocol/errors'
import { cancelRun, deleteRun, rerun, restoreRun, startRun, type RunSummary } from '../../server/protocol/requests'
import { Command, ContextKey, Language } from '../contributions'
import { answerColumn, closeRunTabs, comparisonColumn, hasAnswerGroup } from '../editorGroups'
import { longTask } from '../longTask'
import { loadRemedy, offer, SHOW_LOG, showProblem, type ProblemAction } from '../problems'
import { activeRunId, runDocumentUri, runIdOfDocument } from '../runDocuments'
import type { Worker } from '../serverProcess'
import { opensDiffAfterRerun } from '../settings'
import { baseName } from '../wording'
import { sameUri, type WorkerState } from '../workerState'
import { sayOutcome } from './rerunOutcome'
import { runOf } from './targets'

export type RunCommands = ReturnType<typeof createRunCommands>

// A re-run that ends sooner opens its difference finished; a longer one is watched while it grows.
const WAIT_FOR_END_MS = 700

/** A run that this window started and watches to its end. */
interface FollowedRun {
  readonly title: string
  /** Whether a run that the worker tells of is the one that was asked for. */
  readonly isMine: (run: RunSummary) => boolean
  readonly send: (token: vscode.CancellationToken) => Promise<RunSummary>
  /** Opens what the user watches; the run counts as ended only when that is open too. */
  readonly onBegin: (run: RunSummary, ended: Promise<RunSummary>) => Promise<void>
  /** The button under the message when it fails. */
  readonly failure: ProblemAction
}

/** What a re-run opens: the two answers side by side, the new answer, or nothing but the new answer in place of one that is open. */
export type AfterRerun = 'difference' | 'answer' | 'inPlace'

export function createRunCommands(worker: Worker, state: WorkerState, log: vscode.LogOutputChannel) {
  /** Sends a run's request, calls `onBegin` as soon as the run is known, and shows how it failed. Null when it did not end well. */
  const follow = async ({ title, isMine, send, onBegin, failure }: FollowedRun): Promise<RunSummary | null> => {
    const source = new vscode.CancellationTokenSource()
    const ended = send(source.token)
    const subscriptions: vscode.Disposable[] = [source]
    let begun: Promise<void> | null = null
    const firstToken = new Promise<void>((resolve) => {
      subscriptions.push(
        state.onDidChangeRun(({ run, isNew }) => {
          if (!isMine(run)) return
          if (isNew) begun ??= onBegin(run, ended)
          if (run.generatedTokens > 0) resolve()
        }),
      )
    })
    // Once tokens stream, the document itself shows the progress.
    void longTask(title, (token) => {
      token.onCancellationRequested(() => source.cancel())
      return Promise.race([firstToken, ended])
    }).catch(() => undefined)
    try {
      const run = await ended
      await (begun ??= onBegin(run, ended))
      if (run.status.kind === 'failed') throw new InputError(run.status.message, run.status.remedy)
      return run
    } catch (error) {
      showProblem(error, log, state.model?.kind === 'failed' ? loadRemedy(state.model.remedy) : failure)
      return null
    } finally {
      vscode.Disposable.from(...subscriptions).dispose()
    }
  }

  const openRun = async (run: RunSummary, preserveFocus: boolean): Promise<void> => {
    await vscode.window.showTextDocument(runDocumentUri(run), { viewColumn: answerColumn(), preserveFocus, preview: true })
  }

  const openDiff = async (original: RunSummary, run: RunSummary): Promise<void> => {
    // Whoever was reading an answer goes on in the new one; whoever types in a prompt is left there.
    const preserveFocus = activeRunId() === null
    const options: vscode.TextDocumentShowOptions = { viewColumn: await comparisonColumn(), preserveFocus, preview: true }
    await vscode.commands.executeCommand('vscode.diff', runDocumentUri(original), runDocumentUri(run), diffTitle(original, run), options)
  }

  /** Runs a run's prompt again with the current edits and shows what came of it. */
  const rerunAndCompare = async (runId: string, show: AfterRerun = opensDiffAfterRerun() ? 'difference' : 'answer'): Promise<RunSummary | null> => {
    const original = state.run(runId)
    if (!original) {
      void vscode.window.showErrorMessage('This run is no longer there. Run its prompt again.')
      return null
    }
    const result = await follow({
      title: `Re-running ${original.name}`,
      isMine: (run) => run.parent?.runId === runId,
      send: (token) => worker.request(rerun, { runId }, token),
      onBegin: (run, ended) => {
        const open = async (): Promise<void> => {
          if (show === 'difference') await openDiff(original, run)
          else if (show === 'answer' || hasAnswerGroup()) await openRun(run, true)
        }
        return Promise.race([ended.then(nothing, nothing), new Promise((resolve) => setTimeout(resolve, WAIT_FOR_END_MS))]).then(open)
      },
      failure: SHOW_LOG,
    })
    if (result) await sayOutcome(worker, state, original, result)
    return result
  }

  const runPrompt = async (arg?: unknown): Promise<void> => {
    const document = await promptDocument(arg)
    if (!document) {
      offer(vscode.window.showInformationMessage('Open a prompt file to run it.', 'Open a Sample Prompt'), { title: 'Open a Sample Prompt', command: Command.openSamplePrompt })
      return
    }
    const runId = runIdOfDocument(document.uri)
    if (runId !== null) return void (await rerunAndCompare(runId))
    const promptUri = document.uri.toString()
    await follow({
      title: `Running ${baseName(document.uri.path)}`,
      isMine: (run) => run.parent === null && run.promptUri !== null && sameUri(run.promptUri, promptUri),
      send: (token) => worker.request(startRun, { promptUri, text: document.getText() }, token),
      onBegin: (run) => openRun(run, true),
      failure: { title: 'Show Prompt', command: 'vscode.open', args: [document.uri] },
    })
  }

  return {
    rerunAndCompare,
    handlers: {
      runPrompt,
      cancelRun: async (arg?: unknown) => {
        const named = typeof arg === 'string' || arg !== undefined ? runOf(state, arg) : undefined
        const run = named ?? state.runs.find(({ status }) => status.kind === 'running')
        if (run) await worker.request(cancelRun, { runId: run.id })
      },
      rerun: async (arg?: unknown) => {
        const run = runOf(state, arg)
        if (run) await rerunAndCompare(run.id)
        else await runPrompt()
      },
      openRun: async (arg?: unknown) => {
        const run = arg === undefined ? await pickRun(state) : runOf(state, arg)
        if (run) await openRun(run, false)
      },
      diffRuns: async (first?: unknown, second?: unknown) => {
        if (typeof first === 'string' && typeof second === 'string') {
          const [original, run] = [state.run(first), state.run(second)]
          if (original && run) await openDiff(original, run)
          return
        }
        const run = runOf(state, first)
        const original = run?.parent ? state.run(run.parent.runId) : run && (await pickRun(state, run))
        if (run && original) await openDiff(original, run)
      },
      deleteRun: async (arg?: unknown) => {
        const run = arg === undefined ? await pickRun(state) : runOf(state, arg)
        if (!run) return
        await worker.request(deleteRun, { runId: run.id })
        await closeRunTabs(run.id)
        await vscode.commands.executeCommand('setContext', ContextKey.canRestoreRun, true)
        offer(vscode.window.showInformationMessage(`Deleted ${run.name}.`, 'Undo'), { title: 'Undo', command: Command.restoreRun })
      },
      restoreRun: async () => {
        const run = await worker.request(restoreRun, null)
        await vscode.commands.executeCommand('setContext', ContextKey.canRestoreRun, false)
        if (run) void vscode.window.setStatusBarMessage(`Restored ${run.name}`, 4_000)
        else void vscode.window.showInformationMessage('There is no deleted run to bring back.')
      },
    },
  }
}

function nothing(): void {}

/** The document to run: the one named, else the active editor's, else a prompt that is in sight (a panel may have the focus). */
async function promptDocument(arg: unknown): Promise<vscode.TextDocument | undefined> {
  const uri = typeof arg === 'string' ? vscode.Uri.parse(arg) : arg instanceof vscode.Uri ? arg : undefined
  if (!uri) return (vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors.find(({ document }) => document.languageId === Language.prompt))?.document
  return vscode.workspace.textDocuments.find((document) => sameUri(document.uri.toString(), uri.toString())) ?? vscode.workspace.openTextDocument(uri)
}

/** `greeting.prompt #3 ↔ #4: L3/1021 = 0`. */
export function diffTitle(original: RunSummary, run: RunSummary): string {
  const number = /#\d+(?:\.\d+)?$/.exec(run.name)?.[0]
  const samePrompt = number !== undefined && original.name.startsWith(run.name.slice(0, -number.length))
  const before = new Set(original.edits.map(({ edit }) => edit))
  const added = run.edits.map(({ edit }) => edit).filter((edit) => !before.has(edit))
  const reason = added.length === 0 ? '' : added.length === 1 ? `: ${added[0]}` : `: ${added.length} more edits`
  return `${original.name} ↔ ${samePrompt ? number : run.name}${reason}`
}

async function pickRun(state: WorkerState, except?: RunSummary): Promise<RunSummary | undefined> {
  const items = state.runs
    .filter((run) => run.id !== except?.id)
    .map((run) => ({ label: run.name, description: run.edits.map(({ edit }) => edit).join(', '), detail: run.preview.replace(/\s+/g, ' '), run }))
  if (items.length === 0) throw new InputError('runs are empty', 'run a prompt first')
  return (await vscode.window.showQuickPick(items, { title: except ? `Compare ${except.name} with…` : 'Runs', matchOnDetail: true, matchOnDescription: true }))?.run
}
