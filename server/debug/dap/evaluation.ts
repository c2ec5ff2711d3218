// Expressions of Watch, hovers and the debug console: evaluated without side effects, completed, and set where they name what can be set.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { quote } from '../../formats/quote'
import { InputError } from '../../protocol/errors'
import { completeExpression } from '../expressions/completeExpression'
import { explainWord } from '../expressions/explainWord'
import { parseExpression } from '../expressions/parseExpression'
import type { Handlers } from './dispatcher'
import { referenceOf, writeRow, type InspectionParts } from './inspection'
import { frameOf, standingBranch, type Frame, type Live } from './live'
import type { RequestFields } from './requestFields'
import type { Row } from './variables/container'
import { lookAtLayers } from './variables/looks'
import { nextTokenRows } from './variables/tokenRows'
import { samplerRows } from './variables/settingRows'
import { valueRow } from './variables/valueRow'

type EvaluationHandlers = Pick<Handlers, 'evaluate' | 'setExpression' | 'completions'>

export function createEvaluation(parts: InspectionParts): EvaluationHandlers {
  return {
    'evaluate': async (fields, request) => {
      const live = parts.live()
      const frame = frameFor(live, fields)
      const text = fields.text('expression')
      const context = fields.textOrNull('context') ?? 'repl'
      const help = context === 'hover' ? helpFor(live, text) : null
      if (help) return { result: help, type: 'help', variablesReference: 0 }
      const row = await evaluate(live, frame, text, context === 'clipboard', request.signal)
      return { result: row.value, type: row.type, variablesReference: referenceOf(live, frame, `= ${text}`, row), ...(row.inside?.indexed && { indexedVariables: row.inside.indexed }), ...(row.set === null && { presentationHint: { attributes: ['readOnly'] } }), ...(row.memoryReference !== null && { memoryReference: row.memoryReference }) }
    },
    'setExpression': async (fields, request) => {
      const live = parts.live()
      const frame = frameFor(live, fields)
      const text = fields.text('expression')
      const row = await settableRow(live, frame, text, request.signal)
      const { path, ...named } = row
      return writeRow(parts, live, frame, named, fields.text('value'), path, request)
    },
    'completions': async (fields, request) => {
      const live = parts.liveOrNull()
      const text = fields.text('text')
      const column = fields.integer('column') - Number(parts.client().columnsStartAt1)
      const line = Math.max(0, (fields.integerOrNull('line') ?? Number(parts.client().linesStartAt1)) - Number(parts.client().linesStartAt1))
      const offset = Math.min(text.length, offsetIn(text, line, Math.max(0, column)))
      const features = live ? await featuresNear(live, fields, request.signal) : []
      const found = completeExpression(text, offset, { bounds: live?.bounds ?? null, features, mayLook: true })
      return {
        targets: found.map(({ label, insert, range, kind, help }): DebugProtocol.CompletionItem => ({
          label, text: insert, detail: help, type: ITEM_TYPES[kind] ?? 'text', start: range.start + Number(parts.client().columnsStartAt1), length: range.end - range.start,
        })),
      }
    },
  }
}

const ITEM_TYPES: Readonly<Record<string, DebugProtocol.CompletionItemType>> = { value: 'value', function: 'function', operator: 'keyword', feature: 'variable', layer: 'value', member: 'property' }

/** Feature completions of the token where one stands: the strongest of each layer that is shown. */
const NAMED_FEATURES = 50

async function evaluate(live: Live, frame: Frame, text: string, isWhole: boolean, signal: AbortSignal): Promise<Row> {
  const expression = parseExpression(text, live.bounds)
  const { lensLayers, next } = expression.inspects
  const at = await live.debuggee.facts(frame.branchId, frame.position, expression.needs, signal)
  const look = lensLayers.length > 0 || next ? await live.debuggee.inspect(frame.branchId, frame.position, { layers: [], top: 0, reconstructionLayers: [], lensLayers, candidates: CANDIDATES, residualLayers: [] }, signal) : null
  const row = await valueRow(live, frame, text, expression.evaluate(at, look), signal)
  // What is copied is all of it, one entry on each line.
  if (!isWhole || row.inside?.path !== `= ${text}`) return row
  const rows = await row.inside.rows(signal)
  return { ...row, value: rows.map(({ name, value }) => `${name}\t${value}`).join('\n') }
}

/** Of a distribution that is asked for by name. */
const CANDIDATES = 20

/** A feature, a value of the sampler, or the text of a next token. */
async function settableRow(live: Live, frame: Frame, text: string, signal: AbortSignal): Promise<Row & { readonly path: string }> {
  const trimmed = text.trim()
  const setting = samplerRows(live, frame).find(({ name }) => name === trimmed)
  if (setting) return { ...setting, path: 'Sampler' }
  if (trimmed.startsWith('"')) {
    const token = (await nextTokenRows(live, frame, signal)).find(({ name }) => name === trimmed)
    if (token) return { ...token, path: 'Next token' }
  }
  const feature = /^act\(\s*(L\d+\/\d+)\s*\)$/.exec(trimmed)?.[1] ?? trimmed
  const row = await evaluate(live, frame, feature, false, signal)
  if (!row.set) throw new InputError(`expression ${quote(text)} cannot be set`, 'set a feature such as L14/6159, temperature, topP, topK, seed or generate')
  return { ...row, path: 'Features' }
}

function frameFor(live: Live, fields: RequestFields): Frame {
  const frameId = fields.integerOrNull('frameId')
  if (frameId !== null && frameId !== 0) {
    const frame = frameOf(live, frameId)
    standingBranch(live, frame.branchId)
    return frame
  }
  const { id, place } = standingBranch(live, live.focus)
  return { branchId: id, ...place }
}

/** A word that is no value by itself is explained. */
function helpFor(live: Live, text: string): string | null {
  try {
    parseExpression(text, live.bounds)
    return null
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const found = explainWord(text, 0, live.words)
    return found && found.range.start === 0 && found.range.end === text.trim().length ? `${found.form}: ${found.help}` : null
  }
}

async function featuresNear(live: Live, fields: RequestFields, signal: AbortSignal): Promise<{ feature: { layer: number; feature: number }; activation: number | null; label: string | null }[]> {
  if (!live.hasStarted || live.threads.get(live.focus)?.busy) return []
  const frame = frameFor(live, fields)
  const { layers } = await lookAtLayers(live, frame, live.program.settings.layers, signal)
  const firing = layers.flatMap(({ layer, features }) => features.map(({ feature, activation }) => ({ feature: { layer, feature }, activation })))
  const strongest = firing.sort((a, b) => b.activation - a.activation).slice(0, NAMED_FEATURES)
  return strongest.map((each) => ({ ...each, label: live.words.label(each.feature) }))
}

function offsetIn(text: string, line: number, column: number): number {
  const before = text.split('\n').slice(0, line)
  return before.reduce((length, each) => length + each.length + 1, 0) + column
}
