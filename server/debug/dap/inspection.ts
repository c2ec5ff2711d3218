// Looking at a thread that stands still: its call stack, scopes and variables, what writing to one does, and the residual's bytes.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { parseFeature } from '../../formats/editLine'
import { quote } from '../../formats/quote'
import { InputError } from '../../protocol/errors'
import type { FeatureId } from '../../protocol/values'
import type { Branch, Change } from '../branch'
import type { AdapterContext } from './adapterContext'
import type { Handlers, RequestScope } from './dispatcher'
import { placeOfToken, sourceFor, spanForClient } from './documents'
import { filterLabel } from './exceptionFilters'
import type { Handles } from './handles'
import { frameOf, standingBranch, threadOf, type Frame, type Live } from './live'
import type { RequestFields } from './requestFields'
import type { Container, Row } from './variables/container'
import { lookUpFeature, rowOfFeature } from './variables/featureRows'
import { lookAtVector } from './variables/looks'
import { parseResidualReference } from './variables/residualRows'
import { SCOPES } from './variables/scopes'

type InspectionHandlers = Pick<Handlers, 'stackTrace' | 'scopes' | 'variables' | 'setVariable' | 'exceptionInfo' | 'readMemory'>

export interface InspectionParts extends AdapterContext {
  readonly featuresOf: (breakpointId: number) => readonly FeatureId[]
  readonly change: (branchId: number, change: Change, request: RequestScope) => Promise<Branch>
}

export function createInspection(parts: InspectionParts): InspectionHandlers {
  return {
    'stackTrace': (fields) => {
      const live = parts.live()
      const branch = standingBranch(live, fields.integer('threadId'))
      const all = stackOf(branch)
      const start = Math.max(0, fields.integerOrNull('startFrame') ?? 0)
      const levels = fields.integerOrNull('levels') ?? 0
      const place = placeOfToken(live, branch, branch.place.position)
      const source = sourceFor(live, place.document, parts.client())
      const span = spanForClient(place.span, parts.client())
      const stackFrames = all.slice(start, levels > 0 ? start + levels : undefined).map((frame): DebugProtocol.StackFrame => ({
        id: live.frames.idOf(branch.id, `${frame.position} ${frame.layer}`, () => frame), name: frameName(branch, frame), source, ...span,
      }))
      return { stackFrames, totalFrames: all.length }
    },
    'scopes': (fields) => {
      const live = parts.live()
      const frameId = fields.integer('frameId')
      if (hasLeft(live, live.frames, frameId)) return { scopes: [] }
      const frame = frameOf(live, frameId)
      return {
        scopes: SCOPES.map(({ name, isExpensive, ...scope }) => ({
          name,
          expensive: isExpensive,
          variablesReference: openContainer(live, { frame, path: name, rows: (signal) => scope.rows(live, frame, firstFeatures(parts, live, frame), signal) }),
        })),
      }
    },
    'variables': async (fields, request) => {
      const live = parts.live()
      const reference = fields.integer('variablesReference')
      if (hasLeft(live, live.containers, reference)) return { variables: [] }
      const container = containerOf(live, reference)
      const rows = await container.rows(request.signal)
      const start = Math.max(0, fields.integerOrNull('start') ?? 0)
      const count = fields.integerOrNull('count') ?? 0
      const wanted = filtered(rows, container, fields.textOrNull('filter'))
      return { variables: wanted.slice(start, count > 0 ? start + count : undefined).map((row) => variableOf(live, container, row)) }
    },
    'setVariable': async (fields, request) => {
      const live = parts.live()
      const container = containerOf(live, fields.integer('variablesReference'))
      const name = fields.text('name')
      // A list of features shows the strongest; the others are called by their names as well.
      const others = container.path.startsWith('Features') ? rowOfFeature : () => null
      const row = (await container.rows(request.signal)).find((each) => each.name === name) ?? (await others(live, container.frame, name, request.signal))
      if (!row) throw new InputError(`variable ${quote(name)} is not there`, 'ask for the variables again')
      return writeRow(parts, live, container.frame, row, fields.text('value'), container.path, request)
    },
    'exceptionInfo': (fields) => {
      const live = parts.live()
      standingBranch(live, fields.integer('threadId'))
      const finding = threadOf(live, fields.integer('threadId')).stop?.finding
      if (!finding) throw new InputError(`thread ${fields.integer('threadId')} has not stopped on an exception filter`, 'look at the call stack')
      const { filter, message, first, last } = finding
      return { exceptionId: filterLabel(filter), description: message, breakMode: 'always', details: { message, typeName: filter, fullTypeName: `${filter}, tokens ${first} to ${last}` } }
    },
    'readMemory': async (fields, request) => {
      const live = parts.live()
      const reference = fields.text('memoryReference')
      const frame = parseResidualReference(reference)
      if (!frame || frame.layer >= live.program.model.identity.layers) throw new InputError(`memory ${quote(reference)} does not exist`, 'take the reference of a variable under Residual')
      const branch = standingBranch(live, frame.branchId)
      if (frame.position >= branch.tokens.length) throw new InputError(`token ${frame.position} is not on ${branch.name}`, 'take the reference of a variable under Residual')
      const vector = (await lookAtVector(live, frame, frame.layer, request.signal)).residuals[frame.layer]!
      live.memoryRead.set(branch.id, (live.memoryRead.get(branch.id) ?? new Set()).add(reference))
      return memoryBody(littleEndian(vector), fields)
    },
  }
}

/** The rows of a value at a frame, as an answer of `evaluate` and `setVariable` opens them. Zero for a row that does not open. */
export function referenceOf(live: Live, frame: Frame, path: string, row: Row): number {
  const { inside } = row
  return inside ? openContainer(live, { frame, path: `${path}/${inside.path}`, indexed: inside.indexed !== null, rows: (signal) => inside.rows(signal) }) : 0
}

/** Writes to a row and answers with what it is then, on the branch that has the change. */
export async function writeRow(parts: InspectionParts, live: Live, frame: Frame, row: Row, value: string, path: string, request: RequestScope): Promise<DebugProtocol.SetVariableResponse['body']> {
  if (!row.set) throw new InputError(`variable ${quote(row.name)} cannot be set`, 'set a feature, a next token or a value under Sampler')
  if (live.debuggee.branch(frame.branchId).place.position !== frame.position) throw new InputError(`variable ${quote(row.name)} belongs to a token that has been left`, 'go to that token first')
  const branch = await parts.change(frame.branchId, row.set(value), request)
  const now: Frame = { branchId: branch.id, position: branch.place.position, layer: branch.place.layer }
  const feature = row.type === 'feature' ? parseFeature(row.name) : null
  const after = feature ? await lookUpFeature(live, now, feature, request.signal) : await rowAt(parts, live, now, path, row.name, request.signal)
  const found = after ?? { ...row, value: value.trim(), inside: null }
  const reference = referenceOf(live, now, path, found)
  return { value: found.value, type: found.type, variablesReference: reference, ...(found.inside?.indexed && { indexedVariables: found.inside.indexed }) }
}

/** The row with this name where `path` leads from the frame; null when it is gone, as an edit that was taken away. */
async function rowAt(parts: InspectionParts, live: Live, frame: Frame, path: string, name: string, signal: AbortSignal): Promise<Row | null> {
  const [scopeName, ...steps] = path.split('/')
  const scope = SCOPES.find((each) => each.name === scopeName)
  if (!scope) return null
  let rows = await scope.rows(live, frame, firstFeatures(parts, live, frame), signal)
  for (const step of steps) {
    const inside = rows.find((row) => row.inside?.path === step)?.inside
    if (!inside) return null
    rows = await inside.rows(signal)
  }
  return rows.find((row) => row.name === name) ?? null
}

/** Innermost first: the layers that have been gone up, then the token. */
function stackOf({ id, place: { position, layer } }: Branch): Frame[] {
  const layers = layer === null ? [] : Array.from({ length: layer + 1 }, (_, index) => layer - index)
  return [...layers, null].map((each) => ({ branchId: id, position, layer: each }))
}

function frameName({ tokens }: Branch, { position, layer }: Frame): string {
  const { text, display } = tokens[position]!
  return layer === null ? `${JSON.stringify(text === '' ? display : text)} · token ${position}` : `layer ${layer}`
}

/** Those of the breakpoints that stopped the branch here. */
function firstFeatures(parts: InspectionParts, live: Live, { branchId }: Frame): readonly FeatureId[] {
  return (live.threads.get(branchId)?.stop?.rules ?? []).flatMap((rule) => parts.featuresOf(rule))
}

function openContainer(live: Live, container: Omit<Container, 'indexed'> & { readonly indexed?: boolean }): number {
  const { branchId, position, layer } = container.frame
  return live.containers.idOf(branchId, `${position} ${layer} ${container.path}`, () => ({ indexed: false, ...container }))
}

/** Whether it stood for something of a stop that its branch has left: editors ask late, and there is nothing to show any more, but no error either. */
function hasLeft(live: Live, handles: Handles<Frame> | Handles<Container>, id: number): boolean {
  const former = handles.getFormer(id)
  if (!former) return false
  const { branchId } = 'frame' in former ? former.frame : former
  return 'frame' in former || live.threads.get(branchId)?.busy != null
}

function containerOf(live: Live, reference: number): Container {
  const container = live.containers.get(reference)
  if (!container) throw new InputError(`variables ${reference} do not exist, or no longer`, 'ask for the scopes again')
  standingBranch(live, container.frame.branchId)
  return container
}

function filtered(rows: readonly Row[], container: Container, filter: string | null): readonly Row[] {
  if (filter === null) return rows
  if (filter !== 'indexed' && filter !== 'named') throw new InputError(`filter is ${quote(filter)}`, 'send indexed or named')
  return (filter === 'indexed') === container.indexed ? rows : []
}

function variableOf(live: Live, container: Container, row: Row): DebugProtocol.Variable {
  const { name, value, type, evaluateName, inside, memoryReference, menu, set } = row
  const variable: DebugProtocol.Variable & { __vscodeVariableMenuContext?: string } = {
    name, value, type,
    variablesReference: referenceOf(live, container.frame, container.path, row),
    ...(inside?.indexed && { indexedVariables: inside.indexed }),
    ...(evaluateName !== null && { evaluateName }),
    ...(memoryReference !== null && { memoryReference }),
    ...(menu !== null && { __vscodeVariableMenuContext: menu }),
    presentationHint: set ? { kind: 'data' } : { kind: inside ? 'virtual' : 'data', attributes: ['readOnly'] },
  }
  return variable
}

/** As the protocol wants it: what lies between `offset` and `offset + count`, and how many bytes behind the end nobody can read. */
function memoryBody(bytes: Uint8Array, fields: RequestFields): DebugProtocol.ReadMemoryResponse['body'] {
  const offset = fields.integerOrNull('offset') ?? 0
  const count = fields.integer('count')
  if (count < 0) throw new InputError(`readMemory count is ${count}`, 'send a count of 0 or more')
  const start = Math.max(0, offset)
  const data = bytes.subarray(Math.min(start, bytes.length), Math.max(0, Math.min(offset + count, bytes.length)))
  const unreadableBytes = Math.max(0, Math.min(count, MOST_UNREADABLE) - data.length)
  return { address: `0x${start.toString(16)}`, ...(data.length > 0 && { data: Buffer.from(data).toString('base64') }), ...(unreadableBytes > 0 && { unreadableBytes }) }
}

const MOST_UNREADABLE = 2 ** 31

function littleEndian(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  vector.forEach((value, index) => view.setFloat32(index * 4, value, true))
  return bytes
}

