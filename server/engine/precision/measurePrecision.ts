// Measures what a precision costs: reads a short text with the loaded model and with an exact one beside it, and compares.
import { memoryNow } from '../../checkpoint/machine'
import { byteText } from '../../formats/byteText'
import { CancelledError, InputError } from '../../protocol/errors'
import { GREEDY, type PrecisionCost, type Progress } from '../../protocol/values'
import { comparePrecision, type PrecisionReading } from './comparePrecision'
import type { Engine, GenerateRequest, LoadedModel } from '../engine'

/** Layers whose features are compared, spread evenly. */
const MOST_LAYERS = 4

/** Features compared per token where the SAE set sets no limit. */
const TOP_WITHOUT_LIMIT = 50

export interface PrecisionSubject {
  /** Holds `model`; other calls of it may come between. */
  readonly engine: Engine
  readonly model: LoadedModel
  readonly tokenIds: readonly number[]
}

/**
 * `openExact` starts an engine for the exact side, which is disposed of at the end. That side computes straight from the checkpoint's files, so that it needs
 * no memory of its own for the weights. Rejects with CancelledError when the signal aborts.
 */
export async function measurePrecision(
  { engine, model, tokenIds }: PrecisionSubject, openExact: () => Engine, onProgress: (progress: Progress) => void, signal: AbortSignal,
): Promise<PrecisionCost> {
  const { identity, sae } = model
  await refuseWithoutMemory(model)
  if (tokenIds.length < 2) throw new InputError(`model ${identity.path} reads the measure's text as ${tokenIds.length} tokens, too few to compare`, 'use another tokenizer')
  const message = `measuring what ${identity.precision} costs`
  const report = (from: number, to: number) => (share: number): void => onProgress({ message, fraction: from + (to - from) * share })
  onProgress({ message, fraction: 0 })
  const exact = openExact()
  const compare = async (): Promise<PrecisionCost> => {
    await exact.load({ modelPath: identity.path, saePath: sae?.path ?? null, precision: 'exact', mapped: true, providers: ['cpu'], threads: null }, () => {}, signal)
    const layers = spread(model.saeLayers, MOST_LAYERS)
    const reference = await read(exact, model, tokenIds, layers, report(0.1, 0.7), signal)
    const measured = await read(engine, model, tokenIds, layers, report(0.7, 1), signal)
    return comparePrecision(identity.precision, reference, measured, sae?.path ?? null)
  }
  try {
    // The exact side may be in the middle of a long call: whoever cancels does not wait for that.
    return await orAborted(compare(), signal)
  } finally {
    await exact.dispose()
  }
}

function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new CancelledError())
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** An engine, and what it computes of a chunk. */
const EXACT_SIDE_BYTES = 200e6

/** The exact side converts one matrix at a time to float32, of which the head is the largest. */
async function refuseWithoutMemory({ identity, vocabSize }: LoadedModel): Promise<void> {
  const needed = EXACT_SIDE_BYTES + 4 * vocabSize * identity.dModel
  const { availableBytes } = await memoryNow()
  if (needed > availableBytes) throw new InputError(`measuring what ${identity.precision} costs needs ${byteText(needed)} of memory, and ${byteText(availableBytes)} are free`, 'close other programs and measure again')
}

async function read(engine: Engine, { identity, sae }: LoadedModel, tokenIds: readonly number[], layers: readonly number[], onShare: (share: number) => void, signal: AbortSignal): Promise<PrecisionReading> {
  const all = Array.from({ length: identity.layers }, (_, layer) => layer)
  const request: GenerateRequest = {
    promptIds: tokenIds, generate: 0, sampling: GREEDY, stopIds: [], edits: [], layers, top: sae?.k ?? TOP_WITHOUT_LIMIT, alternatives: 1, promptPredictions: true,
    capture: { logits: false, residualLayers: all },
  }
  const features = new Map(layers.map((layer) => [layer, [] as number[][]]))
  const likeliest: (number | null)[] = tokenIds.map(() => null)
  const { captured } = await engine.generate(request, (event) => {
    if (event.kind === 'prefill') onShare(event.done / event.total)
    else if (event.kind === 'predictions') event.predictions.forEach(({ alternatives }, i) => void (likeliest[event.first + i] = alternatives[0]?.id ?? null))
    else for (const token of event.tokens) {
      likeliest[token.index] = token.alternatives[0]?.id ?? null
      for (const layer of layers) features.get(layer)![token.index] = (token.features[layer] ?? []).map(({ feature }) => feature)
    }
  }, signal)
  return { residuals: all.map((layer) => captured!.residuals[layer]!), features, likeliest }
}

/** At most `count` of the layers: the first, the last, and some between. */
function spread(layers: readonly number[], count: number): number[] {
  if (layers.length <= count) return [...layers]
  return Array.from({ length: count }, (_, i) => layers[Math.round((i * (layers.length - 1)) / (count - 1))]!)
}
