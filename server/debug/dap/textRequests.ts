// Requests about places in texts: where one may go, which token stands there, what to write at line ends, and the run documents themselves.
import { basename } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { firstWords } from '../../features/firstWords'
import { parseFeature } from '../../formats/editLine'
import { InputError } from '../../protocol/errors'
import type { Branch } from '../branch'
import { probabilityText } from '../expressions/numberText'
import type { ProgramFile } from '../program'
import type { AdapterContext } from './adapterContext'
import type { Handlers } from './dispatcher'
import { documentAt, documentByReference, documentOf, placesIn, positionForClient, positionOfClient, runDocumentText, sourceFor, spanForClient, type DebugDocument } from './documents'
import type { Frame, Live } from './live'
import type { Row } from './variables/container'
import { featureRows, labelText } from './variables/featureRows'

type TextHandlers = Pick<Handlers, 'gotoTargets' | 'source' | 'loadedSources' | 'modules' | 'promptscope/lineValues' | 'promptscope/tokenAt'>

export interface TextRequests {
  readonly handlers: TextHandlers
  /** Tells a client that has asked for the loaded sources of those that have come since. */
  readonly tellSources: (live: Live) => void
}

export function createTextRequests(context: AdapterContext): TextRequests {
  const { live: session, client } = context
  /** Sources that the client has been told of; null while it has not asked. */
  let told: Set<string> | null = null

  async function allSources(live: Live): Promise<DebugProtocol.Source[]> {
    const prompt: DebugDocument[] = live.program.file ? [{ kind: 'prompt' }] : []
    const runs = live.debuggee.branches().map(({ id }): DebugDocument => ({ kind: 'run', branchId: id }))
    return [...[...prompt, ...runs].map((document) => sourceFor(live, document, client())), ...(await live.program.files()).map(fileSource)]
  }

  async function tellNew(live: Live): Promise<void> {
    const known = told
    const sources = known ? await allSources(live) : []
    if (context.liveOrNull() !== live) return
    for (const source of sources) {
      const key = JSON.stringify(source)
      if (!known!.has(key)) context.sendEvent('loadedSource', { reason: 'new', source })
      known!.add(key)
    }
  }

  const handlers: TextHandlers = {
    'gotoTargets': (fields) => {
      const live = session()
      const document = documentOf(live, fields.object('source'))
      if (!document) return { targets: [] }
      const branch = branchOf(live, document)
      const places = placesIn(live, document)
      const column = fields.integerOrNull('column')
      const { line, column: at } = positionOfClient(fields.integer('line'), column ?? 0, client())
      const covering = column === null ? [] : places.at({ line, column: at })
      const tokens = covering.length > 0 ? covering.slice(0, 1) : places.on(line)
      return {
        targets: tokens.flatMap((position): DebugProtocol.GotoTarget[] => {
          const span = places.spanOf(position)
          if (!span) return []
          const id = live.targets.idOf(branch.id, `${position}`, () => ({ branchId: branch.id, position }))
          return [{ id, label: `token ${position} ${JSON.stringify(branch.tokens[position]?.text ?? '')}`, ...spanForClient(span, client()) }]
        }),
      }
    },
    'source': async (fields) => {
      const live = session()
      const reference = fields.objectOrNull('source')?.integerOrNull('sourceReference') ?? fields.integerOrNull('sourceReference') ?? 0
      const file = reference >= FILE_REFERENCE ? (await live.program.files())[reference - FILE_REFERENCE] : undefined
      if (file) return { content: describeFile(file), mimeType: 'text/plain' }
      const source = fields.objectOrNull('source')
      const document = reference > 0 ? documentByReference(live, reference) : source && documentOf(live, source)
      if (!document) throw new InputError(`source ${reference > 0 ? reference : (source?.textOrNull('path') ?? 0)} does not exist`, 'ask for the loaded sources')
      if (document.kind === 'prompt') return { content: live.program.file!.text, mimeType: 'text/plain' }
      return { content: runDocumentText(live.debuggee.branch(document.branchId)), mimeType: 'text/plain' }
    },
    'loadedSources': async () => {
      // Editors ask before there are any, and are told of them when they come.
      const live = context.liveOrNull()
      const sources = live ? await allSources(live) : []
      told = new Set(sources.map((source) => JSON.stringify(source)))
      return { sources }
    },
    'modules': async (fields) => {
      const live = session()
      const files = await live.program.files()
      const all = modulesOf(live, files)
      const start = Math.max(0, fields.integerOrNull('startModule') ?? 0)
      const count = fields.integerOrNull('moduleCount') ?? 0
      return { modules: all.slice(start, count > 0 ? start + count : undefined), totalModules: all.length }
    },
    'promptscope/tokenAt': (fields) => {
      const live = session()
      // The editor asks while it moves on; what is gone has no answer, and no error.
      const frame = live.frames.get(fields.integer('frameId'))
      const { document } = frame ? placed(live, fields.text('path'), frame) : { document: null }
      const places = document && placesIn(live, document)
      const position = places?.at(positionOfClient(fields.integer('line'), fields.integer('column'), client()))[0]
      const span = position === undefined ? null : places!.spanOf(position)
      return span ? { position: position!, ...spanForClient(span, client()) } : { position: null }
    },
    'promptscope/lineValues': async (fields, request) => {
      const live = session()
      const frame = live.frames.get(fields.integer('frameId'))
      if (!frame || live.threads.get(frame.branchId)?.busy) return { values: [] }
      const { document, branch } = placed(live, fields.text('path'), frame)
      if (!document) return { values: [] }
      const places = placesIn(live, document)
      const first = positionOfClient(fields.integer('startLine'), 0, client()).line
      const last = Math.min(positionOfClient(fields.integer('endLine'), 0, client()).line, first + MOST_LINES)
      const values: { line: number; text: string }[] = []
      for (let line = first; line <= last; line++) {
        // Of each line the token that was gone over last: on the line where one stands, the one one stands on.
        const position = places.on(line).filter((token) => token <= frame.position).at(-1)
        if (position === undefined) continue
        const text = await lineText(live, branch, { ...frame, position, layer: position === frame.position ? frame.layer : null }, position === frame.position, request.signal)
        if (text !== '') values.push({ line: positionForClient({ line, column: 0 }, client()).line, text })
      }
      return { values }
    },
  }
  return { handlers, tellSources: (live) => void tellNew(live).catch((error: unknown) => context.log(`sources cannot be told: ${String(error)}`)) }
}

/** Source references of the program's files begin here. */
const FILE_REFERENCE = 1_000_000
/** Lines that are answered for at once; an editor asks for those it shows. */
const MOST_LINES = 500
/** Characters of a value at a line's end. */
const LINE_TEXT = 60

/** Only where one stands the features are looked up: they are there already, for the Variables view. */
async function lineText(live: Live, { tokens }: Branch, frame: Frame, isHere: boolean, signal: AbortSignal): Promise<string> {
  const token = tokens[frame.position]!
  const probability = token.prediction ? `prob ${probabilityText(Math.exp(token.prediction.logprob))}` : null
  const [top] = isHere ? await featureRows(live, frame, [], signal) : []
  const feature = top?.type === 'feature' ? shortFeature(live, top) : null
  const text = [feature, probability].filter((part) => part !== null).join(' · ')
  return text.length > LINE_TEXT ? `${text.slice(0, LINE_TEXT - 1)}…` : text
}

/** `L3/1021 12.3 river`: the activation, what an edit made of it, and the label's first words. */
function shortFeature(live: Live, { name, value }: Row): string {
  const { label } = live.program.describe(parseFeature(name)!)
  const shown = value.slice(0, value.length - labelText(label).length)
  return `${name} ${shown}${label === null ? '' : ` ${firstWords(label)}`}`
}

/** The document at a path, with the frame's branch; null for the run document of another branch. */
function placed(live: Live, path: string, { branchId }: Frame): { readonly document: DebugDocument | null; readonly branch: Branch } {
  const branch = live.debuggee.branch(branchId)
  const document = documentAt(live, path)
  return { document: document?.kind === 'run' && document.branchId !== branchId ? null : document, branch }
}

function branchOf(live: Live, document: DebugDocument): Branch {
  return live.debuggee.branch(document.kind === 'run' ? document.branchId : live.focus)
}

function fileSource({ part, path, bytes, identity }: ProgramFile, index: number): DebugProtocol.Source {
  return { name: `${part === 'model' ? 'model' : 'SAE set'}: ${basename(path)}`, sourceReference: FILE_REFERENCE + index, origin: `${path}, ${bytes} bytes, identity ${identity.slice(0, 12)}` }
}

function describeFile({ part, path, bytes, identity }: ProgramFile): string {
  return [`${part === 'model' ? 'model' : 'SAE set'} file ${basename(path)}`, `path ${path}`, `size ${bytes} bytes`, `identity ${identity}`, ''].join('\n')
}

/** With the columns that `initialize` declares. */
function modulesOf(live: Live, files: readonly ProgramFile[]): (DebugProtocol.Module & { readonly size: string; readonly identity: string })[] {
  const { model } = live.program
  const facts = (part: ProgramFile['part']): { size: string; identity: string } => {
    const own = files.filter((file) => file.part === part)
    return { size: `${own.reduce((sum, { bytes }) => sum + bytes, 0)} bytes in ${own.length} files`, identity: own.map((file) => file.identity.slice(0, 12)).join(' ') }
  }
  const { architecture, precision, provider, path } = model.identity
  return [
    { id: 'model', name: model.name, path, version: `${architecture}, ${precision}, ${provider}`, symbolStatus: model.sae ? 'SAE set loaded' : 'no SAE set', ...facts('model') },
    ...(model.sae ? [{ id: 'sae', name: basename(model.sae.path), path: model.sae.path, version: `${model.sae.dSae} features, k ${model.sae.k ?? 'without limit'}`, symbolStatus: model.pairing?.note ?? 'loaded', ...facts('sae') }] : []),
  ]
}
