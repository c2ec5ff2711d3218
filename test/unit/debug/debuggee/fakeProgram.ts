// A program to debug that needs no model: the fake engine, a prompt in a file, and records that a test can look at.
import type { DebugToken } from '../../../../server/debug/branch'
import type { BranchRecord, DebuggedProgram, RecordStart } from '../../../../server/debug/program'
import type { LoadedModel } from '../../../../server/engine/engine'
import { prepareText, type PreparedPrompt } from '../../../../server/runs/preparePrompt'
import type { RunSettings } from '../../../../server/runs/runSettings'
import { GREEDY, type FeatureId } from '../../../../server/protocol/values'
import { fakeEngine, type FakeEngineOptions } from './fakeEngine'
import { FAKE_FEATURES, FAKE_K, FAKE_LAYERS } from './fakeModel'
import { FAKE_STOP_ID, FAKE_VOCABULARY, fakeTokenizer } from './fakeTokenizer'

export interface FakeProgramOptions extends FakeEngineOptions {
  /** The prompt and what its file holds; default `The cat sat on the mat.`. */
  readonly text?: string
  /** Of the file; null for a prompt without one. */
  readonly path?: string | null
  readonly settings?: Partial<RunSettings>
  readonly contextLength?: number
  readonly pins?: readonly FeatureId[]
}

export interface FakeProgram extends DebuggedProgram {
  readonly records: readonly FakeRecord[]
  /** Ends the model under the session. */
  lose(reason: Error): void
}

/** What was told to the record of a branch. */
export interface FakeRecord extends BranchRecord {
  readonly start: RecordStart
  readonly tokens: readonly DebugToken[]
  readonly name: string
  readonly edits: RecordStart['edits']
  readonly sampling: RecordStart['sampling']
  /** The states in which it was left, in order. */
  readonly rests: readonly unknown[]
}

export function fakeProgram(options: FakeProgramOptions = {}): FakeProgram {
  const { text = 'The cat sat on the mat.', path = '/prompts/fake.prompt', settings = {}, contextLength = 500, pins = [] } = options
  const tokenizer = fakeTokenizer()
  const layers = Array.from({ length: FAKE_LAYERS }, (_, layer) => layer)
  const records: FakeRecord[] = []
  const losing = new AbortController()
  return {
    engine: fakeEngine(options),
    model: fakeLoadedModel(contextLength, layers),
    tokenizer,
    prompt: filePrompt(prepareText(text, { tokenizer, chatTemplate: null }, 'raw'), path !== null),
    settings: { generate: 20, sampling: GREEDY, layers, edits: [], stopIds: [], ...settings },
    lost: losing.signal,
    file: path === null ? null : { path, text },
    records,
    pins: () => pins,
    describe: (feature) => ({ feature, label: `feature ${feature.feature}`, tokens: [], density: null, typicalActivation: null, maxActivation: null }),
    files: () => Promise.resolve([]),
    openRecord(start) {
      const record = fakeRecord(start, `run-${records.length + 1}`)
      records.push(record)
      return record
    },
    lose: (reason) => losing.abort(reason),
    close: () => Promise.resolve(),
  }
}

/** The text was written in a file as it is. */
function filePrompt(prompt: PreparedPrompt, isFile: boolean): PreparedPrompt {
  return isFile ? { ...prompt, tokens: prompt.tokens.map((token) => ({ ...token, promptRange: token.range })) } : prompt
}

function fakeLoadedModel(contextLength: number, saeLayers: readonly number[]): LoadedModel {
  return {
    name: 'fake', identity: { path: '/models/fake', architecture: 'fake', layers: FAKE_LAYERS, dModel: 4, precision: 'exact', provider: 'cpu' },
    sae: { path: '/saes/fake', dSae: FAKE_FEATURES, k: FAKE_K }, saeLayers, saeOrigin: null, pairing: null, contextLength, vocabSize: FAKE_VOCABULARY,
    stopIds: [FAKE_STOP_ID], parameters: 0, weightsCache: null, loadMs: 0, fallbacks: [],
  }
}

/** Throws where it is told of tokens that do not follow. */
function fakeRecord(start: RecordStart, runId: string): FakeRecord {
  const tokens: DebugToken[] = [...start.tokens]
  const rests: unknown[] = []
  let now: Pick<FakeRecord, 'name' | 'edits' | 'sampling'> = start
  return {
    runId, uri: `promptscope-run:/${runId}`, start, tokens, rests,
    get name() {
      return now.name
    },
    get edits() {
      return now.edits
    },
    get sampling() {
      return now.sampling
    },
    add(more) {
      for (const token of more) {
        if (token.index !== tokens.length) throw new Error(`token ${token.index} was recorded where ${tokens.length} was due`)
        tokens.push(token)
      }
    },
    cut: (position) => void (tokens.length = Math.min(tokens.length, position)),
    change: (changed) => void (now = changed),
    rest: (state) => Promise.resolve(void rests.push(state)),
  }
}
