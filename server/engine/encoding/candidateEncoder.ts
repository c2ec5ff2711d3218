// Encodes a top-k SAE at the speed of 8-bit integers with exact results: integer products name the candidates, stored rows decide.
import { readStoredTensor } from '../../checkpoint/storedTensor'
import type { SaeLayer } from '../../formats/saeLayer'
import { isRowMajor } from '../../formats/tensorEntry'
import { errorVariance, saeCandidatesGraph } from '../../graph/saeCandidates'
import { InputError } from '../../protocol/errors'
import { weightFolder } from '../baseFolder'
import type { LayerEncoder, TopK } from './layerEncoder'
import { float32Data, float32Tensor, int64Data, int64Tensor, openSession } from '../onnx'
import type { SaeSessionOptions } from './openSaeGraph'
import type { QuantisedSaeEncoder } from './quantisedSaeEncoder'
import { rescore, type Rescored } from './rescore'
import { openStoredRows } from './storedRows'

/** How the rows of a layer were decided. */
export interface EncoderCounts {
  rows: number
  /** Rows that took a second look, with more candidates or wider bounds. */
  widened: number
  /** Rows that were encoded in float32 arithmetic after all. */
  exact: number
}

export interface CandidateEncoderOptions extends SaeSessionOptions {
  /** Opens the encoder for what cannot be decided, when it is first needed. */
  readonly exact: () => Promise<LayerEncoder>
  readonly counts: EncoderCounts
}

/** Whether an SAE can be encoded so: the activations must be the values that the top is taken of, and the rows of W_enc readable one by one. */
export function hasCandidates({ W_enc, activation, decoderNorm }: SaeLayer): boolean {
  return activation.kind === 'topk' && decoderNorm === 'ignored' && isRowMajor(W_enc) && (W_enc.dtype === 'F32' || W_enc.dtype === 'BF16' || W_enc.dtype === 'F16')
}

/** Rows that are encoded together: what lies between the graph's nodes then stays in the processor's cache. */
const CHUNK = 32

/** Candidates beyond k: of random weights and inputs about 25 have a bound above the weakest of the top. */
const MARGIN = 64

/** The second look. */
const MORE_CANDIDATES = 4
const WIDER_BOUNDS = 2.5

/** When so many of the rows end in the exact encoder, the others take longer than if they went there at once. */
const HOPELESS_SHARE = 1 / 3
const HOPELESS_ROWS = 128

/** `sae` must have candidates, and `quantised` be made of its W_enc. Throws InputError for files that cannot be read. */
export async function openCandidateEncoder(sae: SaeLayer, quantised: QuantisedSaeEncoder, options: CandidateEncoderOptions): Promise<LayerEncoder> {
  const [dSae, dModel] = [sae.W_enc.shape[0]!, sae.W_enc.shape[1]!]
  const { k } = sae.activation as { readonly k: number }
  const { counts } = options
  const { baseFolder, location } = weightFolder([quantised.file])
  const bias = sae.b_enc ? await readStoredTensor(sae.b_enc) : new Float32Array(dSae)
  const centre = sae.input.subtractsDecoderBias && sae.b_dec ? await readStoredTensor(sae.b_dec) : null
  const graph = saeCandidatesGraph({ matrix: quantised.matrix, block: quantised.block, location: location(quantised.file) }, bias)
  const stored = openStoredRows(sae.W_enc)
  const { session } = await openSession(graph, { baseFolder, providers: [], threads: options.threads }).catch((error: unknown) => {
    stored.close()
    throw new InputError(`${quantised.file} cannot be loaded (${(error as Error).message})`, 'remove it; it is written again')
  })
  let exact: LayerEncoder | null = null
  let opening: Promise<LayerEncoder> | null = null
  let [seen, lost] = [0, 0]
  const openExact = (): Promise<LayerEncoder> => (opening ??= options.exact().then((encoder) => (exact = encoder)))

  /** What the bounds allow to say of each row of `h` (T, d_model). */
  const attempt = async (h: Float32Array, wanted: number, factor: number): Promise<Rescored[]> => {
    const rows = h.length / dModel
    const variance = errorVariance(h, dModel, quantised.block, factor)
    const feeds = { h: float32Tensor(h, [rows, dModel]), variance: float32Tensor(variance, [rows, variance.length / rows]), count: int64Tensor([Math.min(wanted, dSae)]) }
    const output = await session.run(feeds, ['features', 'upper', 'estimate'])
    const features = int64Data(output['features'])
    const upper = float32Data(output['upper'])
    const estimate = float32Data(output['estimate'])
    const columns = features.length / rows
    const token = new Float64Array(dModel)
    return Array.from({ length: rows }, (_, row) => {
      token.set(h.subarray(row * dModel, (row + 1) * dModel))
      const [start, end] = [row * columns, (row + 1) * columns]
      const candidates = { features: features.subarray(start, end), upper: upper.subarray(start, end), estimate: estimate.subarray(start, end) }
      return rescore(candidates, k, columns === dSae, (feature) => Math.fround(dot(stored.row(feature), token) + bias[feature]!))
    })
  }

  const encodeChunk = async (x: Float32Array): Promise<TopK[]> => {
    const h = centre ? x.map((value, i) => value - centre[i % dModel]!) : x
    const first = await attempt(h, k + MARGIN, 1)
    const tops = first.map(({ top }) => top)
    let open = rowsOf(first, (row) => row)
    counts.rows += first.length
    counts.widened += open.length
    if (open.length > 0) {
      const worst = Math.max(...open.map((row) => first[row]!.error))
      const second = Number.isFinite(worst) ? await attempt(picked(h, open, dModel), (k + MARGIN) * MORE_CANDIDATES, Math.max(1, worst * WIDER_BOUNDS)) : []
      second.forEach(({ top }, i) => (tops[open[i]!] = top))
      if (second.length > 0) open = rowsOf(second, (i) => open[i]!)
    }
    if (open.length > 0) {
      const encoded = await (await openExact()).encode(picked(x, open, dModel))
      encoded.forEach((top, i) => (tops[open[i]!] = top))
    }
    counts.exact += open.length
    seen += first.length
    lost += open.length
    return tops
  }

  const ownBytes = quantised.matrix.codes.length + 3 * quantised.matrix.scales.length + stored.bytes + 4 * CHUNK * dSae * 4
  return {
    get bytes() {
      return ownBytes + (exact?.bytes ?? 0)
    },
    async encode(x) {
      const tops: TopK[] = []
      for (let start = 0; start < x.length; start += CHUNK * dModel) {
        if (exact && seen >= HOPELESS_ROWS && lost > seen * HOPELESS_SHARE) {
          const rest = await exact.encode(x.subarray(start))
          counts.rows += rest.length
          counts.exact += rest.length
          return [...tops, ...rest]
        }
        tops.push(...(await encodeChunk(x.subarray(start, start + CHUNK * dModel))))
      }
      return tops
    },
    async release() {
      stored.close()
      await session.release()
      await exact?.release()
    },
  }
}

function rowsOf(rescored: readonly Rescored[], place: (index: number) => number): number[] {
  return rescored.flatMap(({ isCertain }, index) => (isCertain ? [] : [place(index)]))
}

/** Some rows of `x` (T, d_model). */
function picked(x: Float32Array, rows: readonly number[], dModel: number): Float32Array {
  const some = new Float32Array(rows.length * dModel)
  rows.forEach((row, i) => some.set(x.subarray(row * dModel, (row + 1) * dModel), i * dModel))
  return some
}

/** In float64, with four sums that do not wait for each other. */
function dot(row: Float32Array, token: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  const whole = row.length & ~3
  for (let i = 0; i < whole; i += 4) {
    a += row[i]! * token[i]!
    b += row[i + 1]! * token[i + 1]!
    c += row[i + 2]! * token[i + 2]!
    d += row[i + 3]! * token[i + 3]!
  }
  for (let i = whole; i < row.length; i++) a += row[i]! * token[i]!
  return a + b + c + d
}
