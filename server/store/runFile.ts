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

/** The file's text in pieces. Lets other work through between layers: a long run of a large model has tens of megabytes. */
export async function renderRunFile(run: StoredRun, promptDigest: string | null): Promise<string[]> {
  const { text, generatedStart, tokens, layers, features, featuresAfterEdit } = run.detail
  const body: Omit<Body, 'features' | 'featuresAfterEdit'> = { promptText: run.promptText, text, generatedStart, tokens, layers }
  const pieces = [JSON.stringify(body).slice(0, -1), ',"features":', ...(await renderTable(features)), ',"featuresAfterEdit":', ...(await renderTable(featuresAfterEdit)), '}']
  const bodyBytes = pieces.reduce((bytes, piece) => bytes + Buffer.byteLength(piece), 0)
  const header: Header = { promptscopeRun: VERSION, promptDigest, bodyBytes, summary: summaryOf(run.detail) }
  return [JSON.stringify(header), '\n', ...pieces, '\n']
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

/** A PackedTable as JSON, a layer to a piece. */
async function renderTable(table: FeatureTable): Promise<string[]> {
  const pieces: string[] = []
  for (const [layer, tokens] of Object.entries(table)) {
    pieces.push(`${pieces.length === 0 ? '{' : ','}${JSON.stringify(layer)}:${JSON.stringify(packLayer(tokens))}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return pieces.length === 0 ? ['{}'] : [...pieces, '}']
}

function packLayer(tokens: readonly (readonly FeatureActivation[])[]): PackedLayer {
  const counts = Uint32Array.from(tokens, (features) => features.length)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const features = new Uint32Array(total)
  const activations = new Float64Array(total)
  let next = 0
  for (const entries of tokens) {
    for (const { feature, activation } of entries) {
      features[next] = feature
      activations[next++] = activation
    }
  }
  return { counts: toBase64(counts), features: toBase64(features), activations: toBase64(activations) }
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
