// How pins and edits change, step by step and back again. Pure: a state in, a state out.
import { renderEdit, renderFeature, parseEditLine, parseSteerFile } from '../formats/editLine'
import { InputError } from '../protocol/errors'
import type { EditEntry, PinsAndEdits } from '../protocol/requests'
import type { Edit, FeatureId } from '../protocol/values'
import type { SavedState } from '../store/stateStore'

/** Changes that can be taken back. */
const UNDO_STEPS = 100

/** Adds an edit, replacing an earlier one of the same feature and positions in its place. Throws InputError with the line's problem. */
export function withEdit(state: SavedState, line: string): SavedState {
  const edit = readLine(line)
  const canonical = renderEdit(edit)
  const same = state.edits.findIndex((entry) => scopeOf(readLine(entry.line)) === scopeOf(edit))
  const earlier = state.edits[same]
  if (earlier?.line === canonical && earlier.enabled) return state
  const entry: EditEntry = { id: earlier?.id ?? String(nextId(state)), line: canonical, feature: edit.feature, enabled: true }
  const edits = earlier ? state.edits.with(same, entry) : [...state.edits, entry]
  return changed(state, `add ${canonical}`, { edits })
}

/** Throws InputError when there is no such edit. */
export function withoutEdit(state: SavedState, id: string): SavedState {
  const entry = editById(state, id)
  return changed(state, `remove ${entry.line}`, { edits: state.edits.filter((other) => other !== entry) })
}

/** Throws InputError when there is no such edit. */
export function withEditEnabled(state: SavedState, id: string, enabled: boolean): SavedState {
  const entry = editById(state, id)
  if (entry.enabled === enabled) return state
  return changed(state, `turn ${enabled ? 'on' : 'off'} ${entry.line}`, { edits: state.edits.map((other) => (other === entry ? { ...entry, enabled } : other)) })
}

export function withoutEdits(state: SavedState): SavedState {
  return state.edits.length === 0 ? state : changed(state, `clear ${count(state.edits.length, 'edit')}`, { edits: [] })
}

/** Replaces all edits by those of a .steer file. Throws InputError with the first problem, naming its line. */
export function withSteerFile(state: SavedState, text: string): SavedState {
  const { edits, problems } = parseSteerFile(text)
  const problem = problems.find(({ severity }) => severity === 'error')
  if (problem) throw new InputError(`line ${text.slice(0, problem.range.start).split('\n').length}: ${problem.message}`, problem.remedy)
  // Of several lines with the same scope the last one counts.
  const lines = new Map(edits.map(({ edit }) => [scopeOf(edit), edit]))
  const firstId = nextId(state)
  const imported = [...lines.values()].map((edit, i) => ({ id: String(firstId + i), line: renderEdit(edit), feature: edit.feature, enabled: true }))
  return changed(state, `import ${count(imported.length, 'edit')}`, { edits: imported })
}

export function withPin(state: SavedState, feature: FeatureId, pinned: boolean): SavedState {
  const isPinned = state.pins.some((pin) => isSameFeature(pin, feature))
  if (isPinned === pinned) return state
  const pins = pinned ? [...state.pins, feature] : state.pins.filter((pin) => !isSameFeature(pin, feature))
  return changed(state, `${pinned ? 'pin' : 'unpin'} ${renderFeature(feature)}`, { pins })
}

/** Takes back the last change; nothing happens when there is none. */
export function undone(state: SavedState): SavedState {
  const step = state.undo.at(-1)
  return step ? { pins: step.pins, edits: step.edits, undo: state.undo.slice(0, -1) } : state
}

export function toPinsAndEdits(state: SavedState): PinsAndEdits {
  return { pins: state.pins, edits: state.edits, undo: state.undo.at(-1)?.words ?? null }
}

/** The edits that apply to a new run, in their order. */
export function activeEdits(state: SavedState): Edit[] {
  return state.edits.filter(({ enabled }) => enabled).map(({ line }) => readLine(line))
}

export function isSameFeature(a: FeatureId, b: FeatureId): boolean {
  return a.layer === b.layer && a.feature === b.feature
}

function changed(state: SavedState, words: string, change: Partial<Pick<SavedState, 'pins' | 'edits'>>): SavedState {
  const { pins, edits } = state
  return { pins, edits, ...change, undo: [...state.undo, { words, pins, edits }].slice(-UNDO_STEPS) }
}

/** Above every id in the list and in its history, so that an id never comes to mean another edit. */
function nextId(state: SavedState): number {
  const ids = [state.edits, ...state.undo.map(({ edits }) => edits)].flat().map(({ id }) => Number(id))
  return Math.max(0, ...ids.filter(Number.isInteger)) + 1
}

function readLine(line: string): Edit {
  const { edit, problem } = parseEditLine(line)
  if (problem) throw new InputError(problem.message, problem.remedy)
  return edit
}

/** Two edits with the same scope cannot both hold: the later one replaces the earlier. */
function scopeOf({ feature, positions }: Edit): string {
  return JSON.stringify([feature.layer, feature.feature, positions])
}

function editById(state: SavedState, id: string): EditEntry {
  const entry = state.edits.find((edit) => edit.id === id)
  if (!entry) throw new InputError(`edit ${id} does not exist`, 'reload the list of edits')
  return entry
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
