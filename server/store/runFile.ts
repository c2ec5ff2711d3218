// The file format of one stored run: a line that lists it, a line that holds all but its features, then the features as the bytes of their columns.
import type { FeatureColumns, FeatureTable } from '../protocol/featureColumns'
import { layerScales } from '../protocol/layerScales'
import type { RunSummary, RunToken } from '../protocol/requests'
import { summaryOf, type RunRecord } from '../protocol/runRecord'
import { unpackTableOfVersion1, type TableOfVersion1 } from './runFileVersion1'

/** Raised when the rest of the file changes its meaning. Files of versions that are not known are set aside, not misread. */
const VERSION = 2

/** A run as it is kept, and the prompt file's text that it was made from. */
export interface StoredRun {
  readonly detail: RunRecord
  /** The prompt file as it was, or null when the run has no file. */
  readonly promptText: string | null
}

/** What the first line of a run file tells without reading the rest. */
export interface RunHeader {
  readonly summary: RunSummary
  /** Names the prompt file's text; null when the run has no file. */
  readonly promptDigest: string | null
}

interface Header {
  readonly promptscopeRun: number
  readonly promptDigest: string | null
  /** All that follows the first line; of version 1, without the last line's end. */
  readonly bodyBytes: number
  readonly summary: RunSummary
}

interface Body {
  readonly promptText: string | null
  readonly text: string
  readonly generatedStart: number
  readonly tokens: readonly RunToken[]
  readonly layers: readonly number[]
}

interface BodyOfVersion1 extends Body {
  readonly features: TableOfVersion1
  readonly featuresAfterEdit: TableOfVersion1
}

interface BodyOfVersion2 extends Body {
  readonly saeLayers: readonly number[]
  /** In the order of their bytes: the columns `ends`, `activations` and `features`, little-endian. */
  readonly tables: readonly { readonly layer: number; readonly isAfterEdit: boolean; readonly tokens: number; readonly entries: number; readonly featureBytes: 2 | 4 }[]
}

/** The file in pieces. */
export function renderRunFile({ detail, promptText }: StoredRun, promptDigest: string | null): (string | Uint8Array)[] {
  const { text, generatedStart, tokens, layers, saeLayers, sae } = detail
  const featureBytes = (sae?.dSae ?? Infinity) <= 1 << 16 ? 2 : 4
  const all = [detail.features, detail.featuresAfterEdit].flatMap((table, place) => Object.entries(table).map(([layer, columns]: [string, FeatureColumns]) => ({ layer: Number(layer), isAfterEdit: place === 1, columns })))
  const tables = all.map(({ layer, isAfterEdit, columns }) => ({ layer, isAfterEdit, tokens: columns.ends.length, entries: columns.features.length, featureBytes } as const))
  const body: BodyOfVersion2 = { promptText, text, generatedStart, tokens, layers, saeLayers, tables }
  const pieces: (string | Uint8Array)[] = [`${JSON.stringify(body)}\n`]
  for (const { columns: { ends, activations, features } } of all) pieces.push(bytesOf(ends), bytesOf(activations), bytesOf(featureBytes === 2 ? Uint16Array.from(features) : features))
  const bodyBytes = pieces.reduce((bytes, piece) => bytes + (typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length), 0)
  const header: Header = { promptscopeRun: VERSION, promptDigest, bodyBytes, summary: summaryOf(detail) }
  return [`${JSON.stringify(header)}\n`, ...pieces]
}

/** Reads the first line; `fileBytes` is the size of the whole file. Throws when the file is damaged, cut short or of a version that is not known. */
export function readRunHeader(line: string, fileBytes: number): RunHeader & { readonly version: 1 | 2 } {
  const header = JSON.parse(line) as Partial<Header>
  const version = header.promptscopeRun
  if (version !== 1 && version !== VERSION) throw new Error(`run file version ${String(version)} is not 1 or ${VERSION}`)
  const expected = Buffer.byteLength(line) + 1 + (header.bodyBytes ?? 0) + (version === 1 ? 1 : 0)
  if (fileBytes !== expected) throw new Error(`run file has ${fileBytes} bytes where ${expected} were written`)
  if (typeof header.summary?.id !== 'string' || typeof header.summary.createdAt !== 'string') throw new Error('run file has no run in its first line')
  return { summary: header.summary, promptDigest: header.promptDigest ?? null, version }
}

/** Reads a whole run file. Throws when it is damaged. */
export function readRunFile(file: Uint8Array): StoredRun {
  const first = lineEnd(file, 0)
  const { summary, version } = readRunHeader(textOf(file, 0, first), file.length)
  const second = lineEnd(file, first + 1)
  const body = JSON.parse(textOf(file, first + 1, second)) as BodyOfVersion1 | BodyOfVersion2
  const { promptText, text, generatedStart, tokens, layers } = body
  const tables = version === 1 ? tablesOfVersion1(body as BodyOfVersion1) : readTables(body as BodyOfVersion2, file.subarray(second + 1))
  // Files of version 1 do not say what could have been read beside.
  const saeLayers = version === 1 ? layers : (body as BodyOfVersion2).saeLayers
  return { promptText, detail: { ...summary, text, generatedStart, tokens, layers, saeLayers, ...tables, layerScales: layerScales({ tokens, ...tables }) } }
}

type Tables = Pick<RunRecord, 'features' | 'featuresAfterEdit'>

function tablesOfVersion1({ features, featuresAfterEdit }: BodyOfVersion1): Tables {
  return { features: unpackTableOfVersion1(features), featuresAfterEdit: unpackTableOfVersion1(featuresAfterEdit) }
}

function readTables({ tables }: BodyOfVersion2, bytes: Uint8Array): Tables {
  let at = 0
  // A copy starts where any number type may.
  const take = (length: number): ArrayBuffer => {
    if (at + length > bytes.length) throw new Error(`run file has ${bytes.length} bytes of features where more were written`)
    return new Uint8Array(bytes.subarray(at, (at += length))).buffer
  }
  const read = { before: {} as Record<number, FeatureColumns>, after: {} as Record<number, FeatureColumns> }
  for (const { layer, isAfterEdit, tokens, entries, featureBytes } of tables) {
    const ends = new Uint32Array(take(4 * tokens))
    const activations = new Float32Array(take(4 * entries))
    if (!isAscendingTo(ends, entries)) throw new Error(`run file does not say where the features of layer ${layer} end`)
    const features = featureBytes === 2 ? Uint32Array.from(new Uint16Array(take(2 * entries))) : new Uint32Array(take(4 * entries))
    read[isAfterEdit ? 'after' : 'before'][layer] = { ends, features, activations }
  }
  const result: { readonly features: FeatureTable; readonly featuresAfterEdit: FeatureTable } = { features: read.before, featuresAfterEdit: read.after }
  return result
}

function isAscendingTo(ends: Uint32Array, last: number): boolean {
  return ends.every((end, token) => end >= (ends[token - 1] ?? 0)) && (ends.at(-1) ?? 0) === last
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint16Array | Uint32Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function lineEnd(file: Uint8Array, from: number): number {
  const end = file.indexOf(10, from)
  if (end < 0) throw new Error('run file has no line that lists it or no line that holds it')
  return end
}

function textOf(file: Uint8Array, from: number, to: number): string {
  return Buffer.from(file.buffer, file.byteOffset + from, to - from).toString('utf8')
}
