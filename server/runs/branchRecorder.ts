// Builds the record of a branch of the debugger: like that of a run, but it can be cut, edited and renamed, and its features are read later, if at all.
import { renderEdit, renderFeature } from '../formats/editLine'
import type { LayerReport } from '../engine/engine'
import { featuresOn, growColumns, type GrowingColumns } from '../protocol/featureColumns'
import { layerScales } from '../protocol/layerScales'
import type { RunStatus, RunSummary, RunToken } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { Edit, Sampling } from '../protocol/values'
import { outliersAt } from './outliers'
import { previewOf, runDocumentText, type RunHeader } from './runDetail'

/** A token that has been gone over, with its places. */
export interface RecordedToken extends Omit<RunToken, 'outlier'> {
  /** Indices into the branch's edits of those that changed the residual here. */
  readonly fired: readonly number[]
}

/** What is known about a branch before its first token. */
export interface BranchHeader extends Omit<RunHeader, 'layers' | 'parentRunId'> {
  /** The run that it was forked from, and the first token that may differ. */
  readonly parent: RunSummary['parent']
  readonly promptTokens: number
  /** The prompt as it was fed; the completion's texts are its tokens'. */
  readonly renderedPrompt: string
}

/** What a branch is done with from now on. */
export interface BranchChange {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly sampling: Sampling
}

/** A branch as it grows and shrinks; `detail` and `summary` answer at any moment with what there is. */
export interface BranchRecorder {
  /** Takes tokens that follow those it has. */
  add(tokens: readonly RecordedToken[]): void
  /** Forgets the tokens from `position` on. */
  cut(position: number): void
  /** What has fired stays with the edits that are kept, wherever they stand in the new list; other edits mean that features must be read anew. */
  change(now: BranchChange): void
  setStatus(status: RunStatus): void
  /** Tokens that it has. */
  length(): number
  /** Tokens at the start whose features of the layer are known. */
  knownOf(layer: number): number
  /** Takes a layer's features of the tokens from `from` on. Those of tokens that have been cut since they were asked for must be left out. */
  addLayer(report: LayerReport, from: number): void
  /** Whether the prompt has a token other than the first of which it is not known how likely it was. */
  lacksPredictions(): boolean
  /** Takes predictions of the first tokens, where they were not known. */
  addPredictions(predictions: readonly (Pick<RunToken, 'logprob' | 'alternatives'> | null)[]): void
  summary(): RunSummary
  detail(): RunRecord
  /** The run document so far. */
  text(): string
}

/** A layer as far as it has been read; both grow by one entry per token. */
interface ReadLayer {
  readonly columns: GrowingColumns
  /** After the edits; null for a layer that none of them changes. */
  readonly after: GrowingColumns | null
  readonly norms: number[]
}

/** Starts the record of a branch. */
export function createBranchRecorder(header: BranchHeader): BranchRecorder {
  const { renderedPrompt, promptTokens, parent, loadMs, saeLayers } = header
  const tokens: RecordedToken[] = []
  const layers = new Map<number, ReadLayer>()
  let { name, edits, sampling } = header
  let status: RunStatus = { kind: 'running' }

  const completion = (): string => tokens.filter(({ generated }) => generated).map(({ text }) => text).join('')

  function summary(): RunSummary {
    const { id, promptUri, createdAt, model, sae, generate } = header
    const fired = tokens.flatMap((token) => token.fired.map((edit) => ({ edit, index: token.index })))
    return {
      id, name, promptUri, createdAt, status, model, sae, sampling, generate,
      edits: edits.map((edit, place) => ({ edit: renderEdit(edit), firedAt: fired.filter((each) => each.edit === place).map(({ index }) => index) })),
      promptTokens,
      generatedTokens: tokens.filter(({ generated }) => generated).length,
      preview: previewOf(completion()),
      parent,
      timing: { loadMs, prefillMs: 0, decodeMsPerToken: 0 },
    }
  }

  const text = (): string => runDocumentText(renderedPrompt + completion())

  function cut(position: number): void {
    tokens.length = Math.min(tokens.length, position)
    for (const [layer, read] of layers) if (read.columns.tokens > position) layers.set(layer, firstOf(read, position))
  }

  return {
    add: (next) => void tokens.push(...next),
    cut,
    change(now) {
      const places = newPlaces(edits, now.edits)
      tokens.forEach((token, index) => {
        if (token.fired.length > 0) tokens[index] = { ...token, fired: token.fired.flatMap((edit) => places[edit] ?? []) }
      })
      if (now.edits.map(renderEdit).join() !== edits.map(renderEdit).join()) layers.clear()
      ;({ name, edits, sampling } = now)
    },
    setStatus: (next) => void (status = next),
    length: () => tokens.length,
    knownOf: (layer) => layers.get(layer)?.columns.tokens ?? 0,
    addLayer({ layer, features, after, residualNorm }, from) {
      const known = layers.get(layer) ?? { columns: growColumns(), after: after ? growColumns() : null, norms: [] }
      const first = known.columns.tokens - from
      // Tokens were cut since; what lies between has not been read.
      if (first < 0) return
      for (let i = first; i < features.length && known.columns.tokens < tokens.length; i++) {
        known.columns.push(features[i]!)
        known.after?.push(after?.[i] ?? features[i]!)
        known.norms.push(residualNorm[i]!)
      }
      layers.set(layer, known)
    },
    lacksPredictions: () => tokens.some(({ index, generated, logprob }) => index > 0 && !generated && logprob === null),
    addPredictions(predictions) {
      predictions.forEach((known, index) => {
        const token = tokens[index]
        if (known && token?.logprob === null) tokens[index] = { ...token, ...known }
      })
    },
    summary,
    detail() {
      const read = [...layers].filter(([, { columns }]) => columns.tokens === tokens.length).sort(([a], [b]) => a - b)
      const outliers = read.map(([, { norms }]) => outliersAt(norms))
      const known = {
        tokens: tokens.map((token, index) => runToken(token, index === 0 || outliers.some((isOutlier) => isOutlier[index] === true))),
        features: Object.fromEntries(read.map(([layer, { columns }]) => [layer, columns.columns()])),
        featuresAfterEdit: Object.fromEntries(read.flatMap(([layer, { after }]) => (after ? [[layer, after.columns()]] : []))),
      }
      return { ...summary(), text: text(), generatedStart: renderedPrompt.length, layers: read.map(([layer]) => layer), saeLayers, layerScales: layerScales(known), ...known }
    },
    text,
  }
}

function runToken({ index, id, text, display, range, promptRange, generated, logprob, alternatives }: RecordedToken, outlier: boolean): RunToken {
  return { index, id, text, display, range, promptRange, generated, logprob, alternatives, outlier }
}

function firstOf({ columns, after, norms }: ReadLayer, tokens: number): ReadLayer {
  return { columns: firstColumns(columns, tokens), after: after && firstColumns(after, tokens), norms: norms.slice(0, tokens) }
}

function firstColumns(columns: GrowingColumns, tokens: number): GrowingColumns {
  const all = columns.columns()
  const first = growColumns()
  for (let token = 0; token < tokens; token++) first.push(featuresOn(all, token))
  return first
}

/** Where each edit stands in the new list: the n-th of a feature and operation is the n-th there; null when it is gone. */
function newPlaces(before: readonly Edit[], after: readonly Edit[]): (number | null)[] {
  const left = after.map(({ feature, operation }) => `${renderFeature(feature)} ${operation.kind} ${operation.value}`)
  return before.map(({ feature, operation }) => {
    const place = left.indexOf(`${renderFeature(feature)} ${operation.kind} ${operation.value}`)
    if (place < 0) return null
    left[place] = ''
    return place
  })
}
