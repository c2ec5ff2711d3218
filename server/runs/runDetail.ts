// Builds the record of a run while it streams: the run document, its tokens with exact places, features, and the lists' one line.
import { renderEdit } from '../formats/editLine'
import type { GenerateResult, TokenReport } from '../engine/engine'
import { featuresOn, growColumns, type FeatureTable, type GrowingColumns } from '../protocol/featureColumns'
import type { RunStatus, RunSummary, RunToken } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { Edit, ModelIdentity, RunTiming, SaeIdentity, Sampling } from '../protocol/values'
import { layerScales } from '../protocol/layerScales'
import { outliersAt } from './outliers'
import type { PreparedPrompt, RunTokenizer } from './preparePrompt'
import { openTokenPlaces } from './tokenPlaces'

/** What is known about a run before its first token. */
export interface RunHeader {
  readonly id: string
  readonly name: string
  readonly promptUri: string | null
  /** ISO 8601. */
  readonly createdAt: string
  readonly model: ModelIdentity
  readonly sae: SaeIdentity | null
  readonly sampling: Sampling
  readonly generate: number
  /** In the order of the engine request, whose reports count them. */
  readonly edits: readonly Edit[]
  /** Layers whose features are read while it generates. */
  readonly layers: readonly number[]
  /** Layers that the SAE set has. */
  readonly saeLayers: readonly number[]
  /** The run that this one repeats, or null. */
  readonly parentRunId: string | null
  readonly loadMs: number
}

/** A run as it grows. `detail` and `summary` answer at any moment with what there is. */
export interface RunRecorder {
  /** Takes reports in order of position. */
  add(reports: readonly TokenReport[]): void
  /** Takes predictions of tokens that were added without theirs, from token `first` on. */
  addPredictions(first: number, predictions: readonly Pick<TokenReport, 'logprob' | 'alternatives'>[]): void
  /** Must be called once, when no more reports come; without a result the timing stays unknown (0). */
  end(status: RunStatus, result: Pick<GenerateResult, 'reusedTokens' | 'prefillMs' | 'decodeMsPerToken'> | null): void
  summary(): RunSummary
  detail(): RunRecord
  /** The run document so far: the whole rendered prompt, then the completion, with `␍` for carriage returns. */
  text(): string
}

const PREVIEW_LENGTH = 80

/** Starts the record of a run of `prompt`. */
export function createRunRecorder(header: RunHeader, prompt: PreparedPrompt, tokenizer: RunTokenizer): RunRecorder {
  const tokens: Omit<RunToken, 'outlier'>[] = []
  const features = new Map(header.layers.map((layer) => [layer, growColumns()]))
  const featuresAfterEdit = new Map<number, GrowingColumns>()
  const residualNorms: TokenReport['residualNorm'][] = []
  const firedAt = header.edits.map((): number[] => [])
  const places = openTokenPlaces(prompt, tokenizer)
  let status: RunStatus = { kind: 'running' }
  let timing: RunTiming = { loadMs: header.loadMs, prefillMs: 0, decodeMsPerToken: 0 }
  let reusedTokens = 0

  function add(report: TokenReport): void {
    tokens.push({
      index: report.index,
      id: report.id,
      ...places.push(report.id),
      generated: report.generated,
      ...prediction(report),
    })
    for (const [layer, columns] of features) columns.push(report.features[layer] ?? [])
    addAfterEdit(report)
    residualNorms.push(report.residualNorm)
    for (const edit of report.fired) firedAt[edit]?.push(report.index)
  }

  /** An engine reports a layer after edits only where an edit applies; on the other tokens nothing has changed. */
  function addAfterEdit({ index, features: before, featuresAfterEdit: after }: TokenReport): void {
    for (const layer of Object.keys(after).map(Number)) {
      if (featuresAfterEdit.has(layer)) continue
      const columns = growColumns()
      const earlier = features.get(layer)?.columns()
      while (columns.tokens < index) columns.push(featuresOn(earlier, columns.tokens))
      featuresAfterEdit.set(layer, columns)
    }
    for (const [layer, columns] of featuresAfterEdit) columns.push(after[layer] ?? before[layer] ?? [])
  }

  function prediction({ logprob, alternatives }: Pick<TokenReport, 'logprob' | 'alternatives'>): Pick<RunToken, 'logprob' | 'alternatives'> {
    return { logprob, alternatives: alternatives.map((candidate) => ({ id: candidate.id, text: tokenizer.display(candidate.id), logprob: candidate.logprob })) }
  }

  function summary(): RunSummary {
    const generatedTokens = tokens.filter((token) => token.generated).length
    return {
      id: header.id,
      name: header.name,
      promptUri: header.promptUri,
      createdAt: header.createdAt,
      status,
      model: header.model,
      sae: header.sae,
      sampling: header.sampling,
      generate: header.generate,
      edits: header.edits.map((edit, index) => ({ edit: renderEdit(edit), firedAt: [...firedAt[index]!] })),
      promptTokens: prompt.ids.length,
      generatedTokens,
      preview: previewOf(places.completion()),
      parent: header.parentRunId === null ? null : { runId: header.parentRunId, firstRecomputed: reusedTokens },
      timing,
    }
  }

  const text = (): string => runDocumentText(prompt.renderedText + places.completion())

  return {
    add: (reports) => reports.forEach(add),
    addPredictions(first, predictions) {
      predictions.forEach((known, i) => (tokens[first + i] = { ...tokens[first + i]!, ...prediction(known) }))
    },
    end(endStatus, result) {
      status = endStatus
      // Bytes of an unfinished character at the very end stand in the document as replacement characters.
      const rest = places.end()
      const last = tokens.at(-1)
      if (rest !== '' && last?.generated) {
        tokens[tokens.length - 1] = { ...last, text: last.text + rest, range: { start: last.range.start, end: last.range.end + rest.length } }
      }
      if (!result) return
      reusedTokens = result.reusedTokens
      timing = { loadMs: header.loadMs, prefillMs: result.prefillMs, decodeMsPerToken: result.decodeMsPerToken }
    },
    summary,
    detail() {
      const isOutlier = outlierTest(residualNorms)
      const known = { tokens: tokens.map((token, index) => ({ ...token, outlier: isOutlier(index) })), features: tableOf(features), featuresAfterEdit: tableOf(featuresAfterEdit) }
      return {
        ...summary(),
        text: text(),
        generatedStart: prompt.renderedText.length,
        layers: header.layers,
        saeLayers: header.saeLayers,
        layerScales: layerScales(known),
        ...known,
      }
    },
    text,
  }
}

/** Editors end a line at every carriage return and drop it, which would shift all places after it: it is shown as its picture. */
export function runDocumentText(text: string): string {
  return text.replaceAll('\r', '␍')
}

/** True at position 0 and at outliers of any layer that is read. */
function outlierTest(norms: readonly TokenReport['residualNorm'][]): (index: number) => boolean {
  const byLayer = Object.keys(norms[0] ?? {}).map((layer) => outliersAt(norms.map((norm) => norm[Number(layer)] ?? 0)))
  return (index) => index === 0 || byLayer.some((isOutlier) => isOutlier[index])
}

/** The first words of a completion, on one line. */
export function previewOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line.length <= PREVIEW_LENGTH) return line
  // Cut between words where there are some, and never inside a surrogate pair.
  const cut = line.slice(0, PREVIEW_LENGTH).replace(/[\uD800-\uDBFF]$/, '')
  return `${cut.replace(/ \S{0,20}$/, '')}…`
}

function tableOf(layers: ReadonlyMap<number, GrowingColumns>): FeatureTable {
  return Object.fromEntries([...layers].map(([layer, columns]) => [layer, columns.columns()]))
}
