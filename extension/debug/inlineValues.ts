// Writes what the debugger knows of a line at its end: the most telling feature and the probability. The editor's setting debug.inlineValues switches it.
import * as vscode from 'vscode'
import { debugLineValues, debugTokenAt } from '../../server/protocol/debugRequests'
import { DEBUG_TYPE, Language } from '../contributions'
import { layerWords } from './frameBook'
import { clampLines } from './lineRange'
import { askAdapter, type DebugSessions } from './sessions'

/** Documents in which tokens stand. */
const SELECTOR: vscode.DocumentSelector = [
  { language: Language.prompt },
  { language: Language.run },
  { language: 'plaintext' },
  { language: 'markdown' },
]

// Zero width space.
const BREAK = '\u200b'
// The editor asks once more about a frame that has been left, and would log the refusal.
const NOTHING = { values: [] }

/** Registers inline values and what a hover evaluates while a session is stopped. */
export function registerInlineValues(sessions: DebugSessions): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerInlineValuesProvider(SELECTOR, { provideInlineValues: (document, viewPort, context) => lineValues(document, viewPort, context, sessions) }),
    vscode.languages.registerEvaluatableExpressionProvider(SELECTOR, { provideEvaluatableExpression: tokenExpression }),
  )
}

async function lineValues(document: vscode.TextDocument, viewPort: vscode.Range, context: vscode.InlineValueContext, sessions: DebugSessions): Promise<vscode.InlineValue[]> {
  const session = ourSession()
  const lines = clampLines(viewPort.start.line, viewPort.end.line, document.lineCount)
  if (!session || !lines) return []
  const place = sessions.frames(session).find(context.frameId)
  const layer = place ? layerWords(place.name) : null
  const asked = askAdapter(session, debugLineValues, { path: adapterPath(document.uri), startLine: lines.first + 1, endLine: lines.last + 1, frameId: context.frameId })
  const { values } = await asked.catch(() => NOTHING)
  return values
    .filter(({ line }) => line - 1 >= lines.first && line - 1 <= lines.last)
    .map(({ line, text }) => new vscode.InlineValueText(document.lineAt(line - 1).range, breakable(line === place?.line && layer !== null ? `${layer} · ${text}` : text)))
}

/**
 * The editor writes a value with spaces that do not break. Where lines wrap, as in prompts and run documents, the last word would go to the next row
 * with the value; package.json lets lines of those languages break at this character, which has no width.
 */
function breakable(text: string): string {
  return BREAK + text.replaceAll(' ', ` ${BREAK}`)
}

/** The token under the pointer as an expression: the editor evaluates it and shows the result as it shows a variable. */
async function tokenExpression(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.EvaluatableExpression | undefined> {
  const session = ourSession()
  const item = vscode.debug.activeStackItem
  if (!session || !item || !('frameId' in item)) return undefined
  const asked = askAdapter(session, debugTokenAt, { path: adapterPath(document.uri), line: position.line + 1, column: position.character + 1, frameId: item.frameId })
  const token = await asked.catch(() => null)
  if (!token || token.position === null) return undefined
  return new vscode.EvaluatableExpression(new vscode.Range(token.line - 1, token.column - 1, token.endLine - 1, token.endColumn - 1), `token(${token.position})`)
}

function ourSession(): vscode.DebugSession | null {
  const session = vscode.debug.activeDebugSession
  return session?.type === DEBUG_TYPE ? session : null
}

/** A document as frames name it: a file by its path, a run document by its address. */
function adapterPath(uri: vscode.Uri): string {
  return uri.scheme === 'file' ? uri.fsPath : uri.toString()
}
