// The texts that frames and breakpoints lie in: the prompt file, and each branch's run document, by path or served by number.
import { basename, normalize } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { InputError } from '../../protocol/errors'
import type { Branch } from '../branch'
import type { TextSpan, TokenPlaces } from '../places'
import { fromClient, toClient, type TextPosition } from '../textPosition'
import { pathForClient, pathOfClient, type Client } from './client'
import type { Live } from './live'
import type { RequestFields } from './requestFields'

export type DebugDocument = { readonly kind: 'prompt' } | { readonly kind: 'run'; readonly branchId: number }

/** Source references of run documents are this and the branch's id; those of files of the model come behind. */
const RUN_REFERENCE = 1000

/** The document that a client's `Source` means, or null when it is none of this session's. */
export function documentOf(live: Live, source: RequestFields): DebugDocument | null {
  const reference = source.integerOrNull('sourceReference') ?? 0
  if (reference > 0) return documentByReference(live, reference)
  const path = source.textOrNull('path')
  return path === null ? null : documentAt(live, path)
}

/** As `documentOf`, for a source reference alone. */
export function documentByReference(live: Live, reference: number): DebugDocument | null {
  const branch = live.debuggee.branches().find(({ id }) => RUN_REFERENCE + id === reference)
  return branch ? { kind: 'run', branchId: branch.id } : null
}

/** As `documentOf`, for a path alone. */
export function documentAt(live: Live, path: string): DebugDocument | null {
  const branch = live.debuggee.branches().find(({ record }) => record.uri !== null && sameAddress(record.uri, path))
  if (branch) return { kind: 'run', branchId: branch.id }
  return live.program.file && samePath(live.program.file.path, pathOfClient(path)) ? { kind: 'prompt' } : null
}

/** What the client opens for a document. */
export function sourceFor(live: Live, document: DebugDocument, client: Client): DebugProtocol.Source {
  if (document.kind === 'prompt') {
    const { path } = live.program.file!
    return { name: basename(path), path: pathForClient(path, client) }
  }
  const branch = live.debuggee.branch(document.branchId)
  const name = runDocumentName(live, branch)
  if (branch.record.uri !== null) return { name, path: branch.record.uri }
  return { name, sourceReference: RUN_REFERENCE + branch.id, origin: 'prompt as it was fed, and completion' }
}

function runDocumentName(live: Live, branch: Branch): string {
  const prompt = live.program.file ? basename(live.program.file.path) : 'prompt'
  return branch.id === 1 ? `${prompt} run` : `${prompt} ${branch.name}`
}

/** The text of a run document. As in the editor, a carriage return is made visible, so that lines end with line feeds only. */
export function runDocumentText(branch: Branch): string {
  return branch.tokens.map(({ text }) => text).join('').replaceAll('\r', '␍')
}

/** Where tokens lie in a document, as it is now. */
export function placesIn(live: Live, document: DebugDocument): TokenPlaces {
  if (document.kind === 'run') return live.runPlacesOf(live.debuggee.branch(document.branchId))
  if (!live.promptPlaces) throw new InputError('this session has no prompt file', 'open the run document')
  return live.promptPlaces
}

/** Where a token is shown: in the prompt file where it came from there, else in its branch's run document. */
export function placeOfToken(live: Live, branch: Branch, position: number): { readonly document: DebugDocument; readonly span: TextSpan } {
  const inPrompt = live.promptPlaces && !branch.tokens[position]!.generated ? live.promptPlaces.spanOf(position) : null
  if (inPrompt) return { document: { kind: 'prompt' }, span: inPrompt }
  const span = live.runPlacesOf(branch).spanOf(position)!
  return { document: { kind: 'run', branchId: branch.id }, span }
}

/** A span in the names that most answers of the protocol use. */
export function spanForClient({ start, end }: TextSpan, client: Client): { line: number; column: number; endLine: number; endColumn: number } {
  return { ...positionForClient(start, client), endLine: toClient(end, client).clientLine, endColumn: toClient(end, client).clientColumn }
}

export function positionForClient(position: TextPosition, client: Client): { line: number; column: number } {
  const { clientLine, clientColumn } = toClient(position, client)
  return { line: clientLine, column: clientColumn }
}

/** Lines and columns before the first are the first. */
export function positionOfClient(clientLine: number, clientColumn: number, client: Client): TextPosition {
  const { line, column } = fromClient({ clientLine, clientColumn }, client)
  return { line: Math.max(0, line), column: Math.max(0, column) }
}

function samePath(a: string, b: string): boolean {
  const [left, right] = [normalize(a), normalize(b)]
  return process.platform === 'win32' ? left.toLowerCase() === right.toLowerCase() : left === right
}

/** Addresses come back from editors with other characters escaped than they were sent with. */
function sameAddress(a: string, b: string): boolean {
  return a === b || decoded(a) === decoded(b)
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address)
  } catch {
    return address
  }
}
