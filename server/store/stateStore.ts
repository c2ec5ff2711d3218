// The pins, edits and their undo history on disk: one small file, written whole after every change.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EditEntry } from '../protocol/requests'
import type { FeatureId } from '../protocol/values'
import { isMissing, setAside, writeFileAtomically } from './atomicFile'

const VERSION = 1

/** What stood before a change, and the change in words: `suppress L14/6159`. */
export interface UndoStep {
  readonly words: string
  readonly pins: readonly FeatureId[]
  readonly edits: readonly EditEntry[]
}

/** Everything of the user's that is not a run. */
export interface SavedState {
  readonly pins: readonly FeatureId[]
  readonly edits: readonly EditEntry[]
  /** Oldest first. */
  readonly undo: readonly UndoStep[]
}

export const EMPTY_STATE: SavedState = { pins: [], edits: [], undo: [] }

export interface StateStore {
  /** What was on disk when the store was opened. */
  readonly initial: SavedState
  /** Resolves when the state is on disk; of several saves under way the last one counts. */
  save(state: SavedState): Promise<void>
}

/** Opens the folder's state; with null nothing is kept. A file that cannot be read is set aside, logged, and the state starts empty. */
export async function openStateStore(folder: string | null, log: (message: string) => void): Promise<StateStore> {
  if (folder === null) return { initial: EMPTY_STATE, save: async () => {} }
  const path = join(folder, 'state.json')
  const initial = await readState(path, log)
  let last: Promise<void> = Promise.resolve()
  return {
    initial,
    save(state) {
      const text = JSON.stringify({ promptscopeState: VERSION, ...state }, null, 1)
      last = last.catch(() => {}).then(() => writeFileAtomically(path, text))
      return last
    },
  }
}

async function readState(path: string, log: (message: string) => void): Promise<SavedState> {
  try {
    return checkState(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (isMissing(error)) return EMPTY_STATE
    log(`${path} cannot be read (${String(error)}); it was kept as ${await setAside(path)}`)
    return EMPTY_STATE
  }
}

function checkState(value: unknown): SavedState {
  if (!isRecord(value) || value['promptscopeState'] !== VERSION) throw new Error(`state file is not of version ${VERSION}`)
  const { pins, edits, undo } = value
  const isList = isPins(pins) && isEdits(edits) && Array.isArray(undo)
  if (!isList || !undo.every((step) => isRecord(step) && typeof step['words'] === 'string' && isPins(step['pins']) && isEdits(step['edits']))) {
    throw new Error('state file does not hold pins, edits and their history')
  }
  return { pins, edits, undo: undo as readonly UndoStep[] }
}

function isPins(value: unknown): value is readonly FeatureId[] {
  return Array.isArray(value) && value.every(isFeature)
}

function isEdits(value: unknown): value is readonly EditEntry[] {
  return Array.isArray(value) && value.every((edit) =>
    isRecord(edit) && typeof edit['id'] === 'string' && typeof edit['line'] === 'string' && typeof edit['enabled'] === 'boolean' && isFeature(edit['feature']))
}

function isFeature(value: unknown): boolean {
  return isRecord(value) && Number.isInteger(value['layer']) && Number.isInteger(value['feature'])
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
