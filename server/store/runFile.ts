// The file format of one stored run: a first line that lists it, a second line that holds it whole; feature tables are packed.
import type { RunDetail, RunSummary, RunToken } from '../protocol/requests'
import type { FeatureActivation, FeatureTable } from '../protocol/values'

/** Raised when the second line changes its meaning; files of another version are set aside, not misread. */
const VERSION = 1

/** A run as it is kept: what the editor shows, and the prompt file's text that it was made from. */
export interface StoredRun {
  readonly detail: RunDetail
  /** The prompt file as it was, or null when the run has no file. */
  readonly promptText: string | null
}

/** What the first line of a run file tells without reading the rest. */
export interface RunHeader {
  readonly summary: RunSummary
  /** Names the prompt file's text; null when the run has no file. */
  readonly promptDigest: string | null
}

/** A layer's features by column: how many on each token, then index and activation of each, as base64 of little-endian numbers. */
interface PackedLayer {
  readonly counts: string
  readonly features: string
  readonly activations: string
}
type PackedTable = { readonly [layer: string]: PackedLayer }

interface Header {
  readonly promptscopeRun: number
  readonly promptDigest: string | null
  readonly bodyBytes: number
  readonly summary: RunSummary
}

interface Body {
  readonly promptText: string | null
  readonly text: string
  readonly generatedStart: number
  readonly tokens: readonly RunToken[]
  readonly layers: readonly number[]
  readonly features: PackedTable
  readonly featuresAfterEdit: PackedTable
}

export function renderRunFile(run: StoredRun, promptDigest: string | null): string {
  const { text, generatedStart, tokens, layers, features, featuresAfterEdit } = run.detail
  const body: Body = {
    promptText: run.promptText, text, generatedStart, tokens, layers, features: packTable(features), featuresAfterEdit: packTable(featuresAfterEdit),
  }
  const bodyText = JSON.stringify(body)
  const header: Header = { promptscopeRun: VERSION, promptDigest, bodyBytes: Buffer.byteLength(bodyText), summary: summaryOf(run.detail) }
  return `${JSON.stringify(header)}\n${bodyText}\n`
}

/** Reads the first line; `fileBytes` is the size of the whole file. Throws when the file is damaged, cut short or of another version. */
export function readRunHeader(line: string, fileBytes: number): RunHeader {
  const header = JSON.parse(line) as Partial<Header>
  if (header.promptscopeRun !== VERSION) throw new Error(`run file version ${String(header.promptscopeRun)} is not ${VERSION}`)
  const expected = Buffer.byteLength(line) + 1 + (header.bodyBytes ?? 0) + 1
  if (fileBytes !== expected) throw new Error(`run file has ${fileBytes} bytes where ${expected} were written`)
  if (typeof header.summary?.id !== 'string' || typeof header.summary.createdAt !== 'string') throw new Error('run file has no run in its first line')
  return { summary: header.summary, promptDigest: header.promptDigest ?? null }
}

/** Reads a whole run file. Throws when it is damaged. */
export function readRunFile(text: string): StoredRun {
  const lineEnd = text.indexOf('\n')
  const { summary } = readRunHeader(text.slice(0, lineEnd), Buffer.byteLength(text))
  const { promptText, features, featuresAfterEdit, ...body } = JSON.parse(text.slice(lineEnd + 1)) as Body
  const detail = { ...summary, ...body, features: unpackTable(features), featuresAfterEdit: unpackTable(featuresAfterEdit) }
  return { detail, promptText }
}

/** A run without its text, tokens and features. */
export function summaryOf(run: RunDetail): RunSummary {
  const { id, name, promptUri, createdAt, status, model, sae, sampling, generate, edits, promptTokens, generatedTokens, preview, parent, timing } = run
  return { id, name, promptUri, createdAt, status, model, sae, sampling, generate, edits, promptTokens, generatedTokens, preview, parent, timing }
}

function packTable(table: FeatureTable): PackedTable {
  return Object.fromEntries(Object.entries(table).map(([layer, tokens]) => [layer, packLayer(tokens)]))
}

function packLayer(tokens: readonly (readonly FeatureActivation[])[]): PackedLayer {
  const all = tokens.flat()
  return {
    counts: toBase64(Uint32Array.from(tokens, (features) => features.length)),
    features: toBase64(Uint32Array.from(all, ({ feature }) => feature)),
    activations: toBase64(Float64Array.from(all, ({ activation }) => activation)),
  }
}

function unpackTable(table: PackedTable): FeatureTable {
  return Object.fromEntries(Object.entries(table).map(([layer, packed]) => [layer, unpackLayer(packed)]))
}

function unpackLayer(packed: PackedLayer): FeatureActivation[][] {
  const counts = new Uint32Array(fromBase64(packed.counts))
  const features = new Uint32Array(fromBase64(packed.features))
  const activations = new Float64Array(fromBase64(packed.activations))
  let next = 0
  return Array.from(counts, (count) => {
    const from = next
    next += count
    return Array.from({ length: count }, (_, i) => ({ feature: features[from + i]!, activation: activations[from + i]! }))
  })
}

function toBase64(numbers: Uint32Array | Float64Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64')
}

/** A fresh buffer whose start is aligned for any number type. */
function fromBase64(text: string): ArrayBuffer {
  const bytes = Buffer.from(text, 'base64')
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}
