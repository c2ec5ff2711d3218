// Breakpoints of all kinds: what the client asked for, the rules that follow, and the news about them when the prompt is read or the text grows.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { parseFeature } from '../../formats/editLine'
import { InputError } from '../../protocol/errors'
import type { FeatureId } from '../../protocol/values'
import { boundsOf } from '../expressions/bounds'
import type { DataAccess } from '../expressions/parseDataCondition'
import { runPlaces } from '../places'
import type { StopRule } from '../stopRule'
import type { AdapterContext } from './adapterContext'
import { breakpointBody, compileBreakpoint, type Compiled, type Reaches, type Wanted, type WantedSource } from './compileBreakpoint'
import type { Handlers } from './dispatcher'
import { documentOf, placesIn, positionForClient, positionOfClient, spanForClient, type DebugDocument } from './documents'
import type { Live } from './live'
import { requestFields, type RequestFields } from './requestFields'

type BreakpointHandlers = Pick<Handlers, 'setBreakpoints' | 'setFunctionBreakpoints' | 'setDataBreakpoints' | 'dataBreakpointInfo' | 'setExceptionBreakpoints' | 'breakpointLocations'>

export interface Breakpoints {
  readonly handlers: BreakpointHandlers
  readonly find: (id: number) => Wanted | undefined
  /** Features that the breakpoint is about. */
  readonly featuresOf: (id: number) => readonly FeatureId[]
  /** A program is open, or another one: everything is compiled for it, and the client told what changed. */
  attach(live: Live): void
  /** The text has grown or there is a new branch: lines that waited for it may have their place now. */
  refresh(): void
}

export function createBreakpoints(context: AdapterContext): Breakpoints {
  const bySource = new Map<string, readonly Compiled[]>()
  let functions: readonly Compiled[] = []
  let data: readonly Compiled[] = []
  let exceptions: readonly Compiled[] = []
  /** What the client was last told of each, by id. */
  const told = new Map<number, string>()
  let lastId = 0
  let applied: readonly StopRule[] = []
  /** How many branches there were when lines were last given their documents. */
  let branchesKnown = 0

  const all = (): Compiled[] => [...[...bySource.values()].flat(), ...functions, ...data, ...exceptions]

  /** Takes over those that were there already, with their ids, rules and counts. */
  function renew(before: readonly Compiled[], wishes: readonly Omit<Wanted, 'id'>[]): Compiled[] {
    const left = [...before]
    return wishes.map((wish) => {
      const known = left.findIndex(({ wanted }) => sameWish(wanted, wish))
      return known >= 0 ? left.splice(known, 1)[0]! : compileFor(context.liveOrNull(), { ...wish, id: ++lastId })
    })
  }

  function answer(set: readonly Compiled[]): { breakpoints: DebugProtocol.Breakpoint[] } {
    applyRules()
    const breakpoints = set.map(body)
    for (const breakpoint of breakpoints) told.set(breakpoint.id!, JSON.stringify(breakpoint))
    return { breakpoints }
  }

  /** Other rules make the debuggee think again, so the same ones are not given twice. */
  function applyRules(): void {
    const live = context.liveOrNull()
    if (!live || live.launch.noDebug) return
    const rules = all().flatMap(({ rule }) => (rule ? [rule] : []))
    if (rules.length === applied.length && rules.every((rule, index) => rule === applied[index])) return
    applied = rules
    live.debuggee.setRules(rules)
  }

  function body(compiled: Compiled): DebugProtocol.Breakpoint {
    const live = context.liveOrNull()
    const base = breakpointBody(compiled, live !== null)
    return compiled.wanted.what.kind === 'line' ? lineBody(context, live, base, compiled.wanted.what) : base
  }

  function tellChanges(): void {
    for (const compiled of all()) {
      const breakpoint = body(compiled)
      const text = JSON.stringify(breakpoint)
      if (told.get(breakpoint.id!) === text) continue
      told.set(breakpoint.id!, text)
      context.sendEvent('breakpoint', { reason: 'changed', breakpoint })
    }
  }

  const recompile = (set: readonly Compiled[], live: Live): Compiled[] => set.map(({ wanted }) => compileFor(live, wanted))

  return {
    find: (id) => all().find(({ wanted }) => wanted.id === id)?.wanted,
    featuresOf: (id) => all().find(({ wanted }) => wanted.id === id)?.features ?? [],
    attach(live) {
      for (const [key, set] of bySource) bySource.set(key, recompile(set, live))
      functions = recompile(functions, live)
      data = recompile(data, live)
      exceptions = recompile(exceptions, live)
      applied = []
      branchesKnown = 0
      applyRules()
      tellChanges()
    },
    refresh() {
      const live = context.liveOrNull()
      const lines = [...bySource].filter(([, set]) => set.some(({ wanted }) => !isVerified(told.get(wanted.id))))
      if (!live || lines.length === 0) return
      const branches = live.debuggee.branches().length
      if (branches !== branchesKnown) {
        // A document that was nobody's may be that of the new branch.
        for (const [key, set] of lines) bySource.set(key, set.map((each) => (each.rule ? each : compileFor(live, each.wanted))))
        branchesKnown = branches
        applyRules()
      }
      tellChanges()
    },
    handlers: {
      'setBreakpoints': (fields) => {
        const source = readSource(fields.object('source'))
        const client = context.client()
        const wishes = lineWishes(fields).map((wish): Omit<Wanted, 'id'> => {
          const column = wish.integerOrNull('column')
          const place = positionOfClient(wish.integer('line'), column ?? 0, client)
          return { kind: 'line', what: { kind: 'line', source, line: place.line, column: column === null ? null : place.column }, ...readWords(wish) }
        })
        const set = renew(bySource.get(sourceKey(source)) ?? [], wishes)
        bySource.set(sourceKey(source), set)
        return answer(set)
      },
      'setFunctionBreakpoints': (fields) => {
        functions = renew(functions, fields.objects('breakpoints').map((wish) => ({ kind: 'function', what: { kind: 'function', name: wish.text('name') }, ...readWords(wish) })))
        return answer(functions)
      },
      'setDataBreakpoints': (fields) => {
        data = renew(data, fields.objects('breakpoints').map((wish) => ({ kind: 'data', what: { kind: 'data', dataId: wish.text('dataId'), access: readAccess(wish) }, ...readWords(wish) })))
        return answer(data)
      },
      'setExceptionBreakpoints': (fields) => {
        const exception = (filter: string, condition: string | null): Omit<Wanted, 'id'> => ({ kind: 'exception', what: { kind: 'exception', filter }, condition, hitCondition: null, logMessage: null })
        const options = fields.objects('filterOptions').map((option) => exception(option.text('filterId'), option.textOrNull('condition')))
        exceptions = renew(exceptions, [...fields.texts('filters').map((filter) => exception(filter, null)), ...options])
        return answer(exceptions)
      },
      'dataBreakpointInfo': (fields) => {
        // A name is enough: features are called the same everywhere.
        fields.integerOrNull('variablesReference')
        const name = fields.text('name').trim()
        const feature = parseFeature(/^act\((.*)\)$/.exec(name)?.[1] ?? name)
        if (!feature) return { dataId: null, description: 'only features can be watched' }
        const live = context.liveOrNull()
        const isThere = !live || compileBreakpoint({ id: 0, kind: 'data', what: { kind: 'data', dataId: `L${feature.layer}/${feature.feature}`, access: 'write' }, condition: null, hitCondition: null, logMessage: null }, live, null).rule !== null
        if (!isThere) return { dataId: null, description: `L${feature.layer}/${feature.feature} is no feature of ${boundsOf(live.program.model).features === null ? 'a model without an SAE set' : 'this SAE set'}` }
        return { dataId: `L${feature.layer}/${feature.feature}`, description: `activation of L${feature.layer}/${feature.feature}`, accessTypes: ['write', 'read', 'readWrite'], canPersist: true }
      },
      'breakpointLocations': (fields) => {
        const live = context.live()
        const client = context.client()
        const document = documentOf(live, fields.object('source'))
        if (!document) return { breakpoints: [] }
        const places = placesIn(live, document)
        const first = positionOfClient(fields.integer('line'), 0, client).line
        const last = Math.min(positionOfClient(fields.integerOrNull('endLine') ?? fields.integer('line'), 0, client).line, first + MOST_LINES)
        const lines = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
        return { breakpoints: lines.flatMap((line) => places.columnsOn(line).map((column) => positionForClient({ line, column }, client))) }
      },
    },
  }
}

/** Lines whose places are told at once. */
const MOST_LINES = 10_000

/** A line breakpoint's rule asks where the tokens lie; the rest of it is the same for all kinds. */
function compileFor(live: Live | null, wanted: Wanted): Compiled {
  if (wanted.what.kind !== 'line' || !live) return compileBreakpoint(wanted, live, null)
  const document = wantedDocument(live, wanted.what.source)
  if (!document) return { wanted, rule: null, features: [], message: 'is not in the prompt or a run of this session' }
  return compileBreakpoint(wanted, live, reachesIn(live, document, wanted.what.line, wanted.what.column))
}

function reachesIn(live: Live, document: DebugDocument, line: number, column: number | null): Reaches {
  if (document.kind === 'prompt') {
    const place = live.promptPlaces!.resolve(line, column)
    return place === null ? () => false : (at) => !at.token.generated && live.promptPlaces!.reaches(at.position, place)
  }
  // Whichever branch it was set on: a fork comes to the same line.
  const places = runPlaces(live.program.prompt.renderedText)
  return (at) => {
    places.update(at.tokens)
    const place = places.resolve(line, column)
    return place !== null && places.reaches(at.position, place)
  }
}

function lineBody({ client }: AdapterContext, live: Live | null, base: DebugProtocol.Breakpoint, what: Wanted['what'] & { kind: 'line' }): DebugProtocol.Breakpoint {
  const asked = positionForClient({ line: what.line, column: what.column ?? 0 }, client())
  const unplaced = { ...base, line: asked.line, ...(what.column !== null && { column: asked.column }) }
  const document = live && wantedDocument(live, what.source)
  if (!live || !document || !base.verified) return unplaced
  const places = placesIn(live, document)
  const place = places.resolve(what.line, what.column)
  if (!place) {
    return document.kind === 'run'
      ? { ...unplaced, verified: false, message: 'waits for the text to get there', reason: 'pending' }
      : { ...unplaced, verified: false, message: 'no token of the prompt comes from this line or below', reason: 'failed' }
  }
  if (place.isLine) return { ...base, line: positionForClient(place.position, client()).line }
  const span = places.spanOf(place.token)
  return { ...base, ...(span ? { ...spanForClient(span, client()), ...positionForClient(place.position, client()) } : positionForClient(place.position, client())) }
}

function wantedDocument(live: Live, { path, reference }: WantedSource): DebugDocument | null {
  return documentOf(live, requestFields('source', { path: path ?? undefined, sourceReference: reference }))
}

function readSource(fields: RequestFields): WantedSource {
  const path = fields.textOrNull('path')
  const reference = fields.integerOrNull('sourceReference') ?? 0
  if (path === null && reference <= 0) throw new InputError('source has neither path nor sourceReference', 'send one of them')
  return { path, reference }
}

function sourceKey({ path, reference }: WantedSource): string {
  return reference > 0 ? `${reference}` : `path ${path}`
}

/** Clients of the protocol's first years send `lines` alone. */
function lineWishes(fields: RequestFields): readonly RequestFields[] {
  if (fields.raw('breakpoints') !== undefined || fields.raw('lines') === undefined) return fields.objects('breakpoints')
  const lines = fields.raw('lines')
  return (Array.isArray(lines) ? lines : []).map((line, index) => requestFields(`setBreakpoints lines[${index}]`, { line: line as unknown }))
}

function readWords(wish: RequestFields): Pick<Wanted, 'condition' | 'hitCondition' | 'logMessage'> {
  return { condition: wish.textOrNull('condition'), hitCondition: wish.textOrNull('hitCondition'), logMessage: wish.textOrNull('logMessage') }
}

function readAccess(wish: RequestFields): DataAccess {
  const access = wish.textOrNull('accessType') ?? 'write'
  if (access !== 'read' && access !== 'write' && access !== 'readWrite') throw new InputError(`accessType is ${JSON.stringify(access)}`, 'send read, write or readWrite')
  return access
}

function sameWish(a: Omit<Wanted, 'id'>, b: Omit<Wanted, 'id'>): boolean {
  return JSON.stringify([a.what, a.condition, a.hitCondition, a.logMessage]) === JSON.stringify([b.what, b.condition, b.hitCondition, b.logMessage])
}

function isVerified(text: string | undefined): boolean {
  return text !== undefined && (JSON.parse(text) as DebugProtocol.Breakpoint).verified
}

