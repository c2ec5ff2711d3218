// Joins documents, runs and the editor features: finds what a place means and turns offsets into the editor's lines.
import { CodeActionKind, CodeLensRefreshRequest, DiagnosticSeverity, MarkupKind, type CodeLens, type CompletionItem, type Connection, type Diagnostic, type Range } from 'vscode-languageserver/node'
import type { TextDocuments } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { promptLenses, runLenses, steerLenses, type Lens } from '../editor/codeLens'
import { frontMatterProposals, steerProposals, type Proposal } from '../editor/completion'
import { faultProblems, runProblems, steerProblems, suggestAction, type EditableModel, type ProblemAction } from '../editor/diagnostics'
import { documentKind } from '../editor/documentKind'
import { renderTokenHover } from '../editor/hover'
import { promptProblems } from '../editor/promptProblems'
import { tokenAtOffset, type TokenPlace } from '../editor/tokenLookup'
import type { Problem } from '../formats/problem'
import { inputErrorLine } from '../protocol/errors'
import type { ModelListing, ModelState, PinsAndEdits, RunToken } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import { parseRunUri } from '../protocol/runUri'
import type { TextRange } from '../protocol/values'
import { detectFaults, type Fault } from '../runs/detectors'
import { toSignal } from './abort'
import type { FeatureService } from './featureService'
import type { LayerService } from './layerService'
import type { RunService } from './runService'
import { createThrottle } from './throttle'

export interface EditorFeatures {
  /** The token at an offset of a run document, or of a prompt file whose text was run as it stands. */
  locate(uri: string, offset: number): Promise<Located | null>
  /** CodeLenses are asked for again; `now` for what a user waits for, else a few times a second while a run grows. */
  refreshLenses(now: boolean): void
  /** Problems of every open document are worked out again. */
  refreshDiagnostics(): void
}

export interface Located {
  readonly run: RunRecord
  readonly token: RunToken
  readonly place: TokenPlace
}

export interface EditorFeaturesParts {
  readonly connection: Connection
  readonly documents: TextDocuments<TextDocument>
  readonly canRefreshLenses: boolean
  readonly runs: RunService
  readonly features: FeatureService
  readonly layers: LayerService
  modelState(): ModelState
  pinsAndEdits(): PinsAndEdits
  listModels(signal: AbortSignal): Promise<readonly ModelListing[]>
}

const LENS_INTERVAL_MS = 250
/** Problems wait until the typing pauses. */
const DIAGNOSTICS_DELAY_MS = 150

/** Registers hover, CodeLens, completion and diagnostics on the connection. */
export function startEditorFeatures(parts: EditorFeaturesParts): EditorFeatures {
  const { connection, documents, runs, features } = parts

  async function locate(uri: string, offset: number): Promise<Located | null> {
    const runId = parseRunUri(uri)
    const document = documents.get(uri)
    const place: TokenPlace = runId === null ? 'promptRange' : 'range'
    const id = runId ?? (document && isPrompt(document) ? runs.findByPrompt(uri, document.getText())?.id : null)
    const run = id ? await runs.detail(id) : null
    const token = run && tokenAtOffset(run, offset, place)
    return run && token ? { run, token, place } : null
  }

  connection.onHover(async ({ textDocument: { uri }, position }) => {
    const document = documents.get(uri)
    const found = document && (await locate(uri, document.offsetAt(position)))
    const range = found?.token[found.place]
    if (!found || !range) return null
    const describe = await features.describer(found.run.sae?.path ?? null)
    const pinsAndEdits = parts.pinsAndEdits()
    parts.layers.want(found.run, pinsAndEdits.pins.map(({ layer }) => layer))
    const reading = parts.layers.state()
    const value = renderTokenHover({ ...found, describe, pinsAndEdits, faults: faultsOf(found.run), reading: reading?.runId === found.run.id ? reading.layers : [] })
    return { contents: { kind: MarkupKind.Markdown, value }, range: toRange(document, range) }
  })

  connection.onCodeLens(async ({ textDocument: { uri } }) => {
    const document = documents.get(uri)
    return document ? (await lensesOf(document)).map((lens) => toCodeLens(document, lens)) : []
  })

  const activeEdits = (): number => parts.pinsAndEdits().edits.filter(({ enabled }) => enabled).length

  async function lensesOf(document: TextDocument): Promise<Lens[]> {
    const { uri } = document
    const kind = documentKind(uri, document.languageId)
    switch (kind) {
      case 'run': {
        const run = await runs.detail(parseRunUri(uri)!)
        if (!run) return []
        const hasParent = runs.list().some(({ id }) => id === run.parent?.runId)
        return runLenses({ run, faults: faultsOf(run), hasParent, activeEdits: activeEdits(), waitsFor: runs.waitsFor(run.id) })
      }
      case 'steer': {
        const problems = steerProblems(document.getText(), null)
        return steerLenses({ uri, edits: countEdits(document.getText()), problems: problems.length })
      }
      case 'prompt':
      case 'plain': {
        const ofPrompt = runs.list().filter(({ promptUri }) => promptUri === uri)
        // Every text file could be run; only those that have been are likely to be prompts.
        if (kind === 'plain' && ofPrompt.length === 0) return []
        const currentRun = runs.findByPrompt(uri, document.getText())
        const last = currentRun ?? ofPrompt[0]
        return promptLenses({ uri, runs: ofPrompt, currentRun, activeEdits: activeEdits(), waitsFor: last ? runs.waitsFor(last.id) : null })
      }
      case null:
        return []
    }
  }

  connection.onCompletion(async ({ textDocument: { uri }, position }, token) => {
    const document = documents.get(uri)
    if (!document) return []
    const lines = document.getText().split(/\r?\n/)
    const linePrefix = (lines[position.line] ?? '').slice(0, position.character)
    const kind = documentKind(uri, document.languageId)
    const toItem = (proposal: Proposal, index: number): CompletionItem => toCompletion(proposal, index, { line: position.line, character: position.character })
    if (kind === 'steer') {
      const newest = runs.list()[0]
      const run = newest ? await runs.detail(newest.id) : null
      const describe = await features.describer(run?.sae?.path ?? null)
      return steerProposals(linePrefix, run, describe).map(toItem)
    }
    if (kind !== 'prompt') return []
    const models = /^\s+(model|sae):/.test(linePrefix) ? await parts.listModels(toSignal(token)) : []
    return frontMatterProposals(uri, lines, position.line, linePrefix, models).map(toItem)
  })

  const waiting = new Map<string, NodeJS.Timeout>()

  function diagnoseSoon(document: TextDocument, delayMs = DIAGNOSTICS_DELAY_MS): void {
    clearTimeout(waiting.get(document.uri))
    waiting.set(document.uri, setTimeout(() => void diagnose(document), delayMs).unref())
  }

  async function diagnose({ uri }: TextDocument): Promise<void> {
    waiting.delete(uri)
    const document = documents.get(uri)
    if (!document) return
    const diagnostics = (await problemsOf(document)).map((problem) => toDiagnostic(document, problem))
    await connection.sendDiagnostics({ uri, version: document.version, diagnostics })
  }

  function isNewestOfItsPrompt({ id, promptUri }: RunRecord): boolean {
    return runs.list().find((run) => run.promptUri === promptUri)?.id === id
  }

  // The editor keeps the quick fix of a document that cannot be written out of sight, so the problem carries it as a link too.
  connection.onCodeAction(({ textDocument: { uri }, context }) => {
    const runId = parseRunUri(uri)
    if (runId === null) return []
    const { title, command, args } = suggestAction(runId)
    const diagnostics = context.diagnostics.filter(({ code }) => code === title)
    if (diagnostics.length === 0) return []
    const sentence = `${title.charAt(0).toUpperCase()}${title.slice(1)}`
    return [{ title: sentence, kind: CodeActionKind.QuickFix, diagnostics, isPreferred: true, command: { title: sentence, command, arguments: [...args] } }]
  })

  async function problemsOf(document: TextDocument): Promise<(Problem & { readonly action?: ProblemAction })[]> {
    const text = document.getText()
    switch (documentKind(document.uri, document.languageId)) {
      case 'steer':
        return steerProblems(text, editableModel(parts.modelState()))
      case 'prompt':
        return [...promptProblems(document.uri, text), ...runProblems(text, runs.findByPrompt(document.uri, text))]
      case 'plain':
        return runProblems(text, runs.findByPrompt(document.uri, text))
      case 'run': {
        const run = await runs.detail(parseRunUri(document.uri)!)
        // Of a prompt that was run again, the older answers' faults would only fill the list.
        return run && isNewestOfItsPrompt(run) ? faultProblems(run, faultsOf(run)) : []
      }
      case null:
        return []
    }
  }

  documents.onDidChangeContent(({ document }) => diagnoseSoon(document))
  documents.onDidOpen(({ document }) => {
    // A first hover must not wait for the disk.
    void locate(document.uri, 0)
  })
  documents.onDidClose(({ document: { uri } }) => {
    clearTimeout(waiting.get(uri))
    waiting.delete(uri)
    void connection.sendDiagnostics({ uri, diagnostics: [] })
  })

  function refresh(): void {
    if (parts.canRefreshLenses) connection.sendRequest(CodeLensRefreshRequest.type).catch(() => {})
  }
  const refreshWhileGrowing = createThrottle(LENS_INTERVAL_MS, refresh)

  return {
    locate,
    refreshLenses(now) {
      if (now) refresh()
      else refreshWhileGrowing.request()
    },
    refreshDiagnostics: () => documents.all().forEach((document) => diagnoseSoon(document, 0)),
  }
}

/** Faults of runs that have ended. */
const knownFaults = new WeakMap<RunRecord, readonly Fault[]>()

function faultsOf(run: RunRecord): readonly Fault[] {
  if (run.status.kind === 'running') return []
  const faults = knownFaults.get(run) ?? detectFaults(run)
  knownFaults.set(run, faults)
  return faults
}

function isPrompt(document: TextDocument): boolean {
  const kind = documentKind(document.uri, document.languageId)
  return kind === 'prompt' || kind === 'plain'
}

function countEdits(text: string): number {
  return text.split('\n').filter((line) => line.replace(/#.*/, '').trim() !== '').length
}

function editableModel(state: ModelState): EditableModel | null {
  return state.kind === 'ready' && state.sae ? { name: state.name, saeLayers: state.saeLayers, dSae: state.sae.dSae } : null
}

function toRange(document: TextDocument, { start, end }: TextRange): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) }
}

function toCodeLens(document: TextDocument, { offset, title, command }: Lens): CodeLens {
  const position = document.positionAt(offset)
  // An empty command shows the title and does nothing.
  return { range: { start: position, end: position }, command: { title, command: command?.id ?? '', ...(command ? { arguments: [...command.args] } : {}) } }
}

function toCompletion({ label, detail, insert, replaceFrom }: Proposal, index: number, cursor: { line: number; character: number }): CompletionItem {
  const range = { start: { line: cursor.line, character: replaceFrom }, end: cursor }
  return { label, detail, sortText: String(index).padStart(4, '0'), filterText: insert, textEdit: { range, newText: insert } }
}

function toDiagnostic(document: TextDocument, { severity, message, remedy, range, action }: Problem & { readonly action?: ProblemAction }): Diagnostic {
  return {
    range: toRange(document, range),
    severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    source: 'promptscope',
    message: inputErrorLine(message, remedy),
    ...(action && { code: action.title, codeDescription: { href: action.link } }),
  }
}
