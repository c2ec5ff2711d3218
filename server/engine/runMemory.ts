// How much memory a run takes beside the model, and the refusal of one that this machine cannot hold.
import type { Memory } from '../checkpoint/machine'
import { byteText } from '../formats/byteText'
import type { ModelConfig } from '../formats/modelConfig'
import { layerMemories } from '../graph/layerMemory'
import { InputError } from '../protocol/errors'

/** What decides how much a run takes. */
export interface RunSize {
  /** Of the prompt, and those given after it. */
  readonly knownTokens: number
  /** Most tokens to generate. */
  readonly generate: number
  /** Layers whose residuals are kept for later runs. */
  readonly keptLayers: number
  /** Layers whose residuals a dump holds, and whether it holds the logits; null without a dump. */
  readonly capture: { readonly layers: number; readonly logits: boolean } | null
}

const FLOAT_BYTES = 4

/** Positions that go through the model at once. */
const CHUNK = 64

/** Scores of one layer, their exponentials, and both joined: what attention holds at the same time. */
const SCORE_COPIES = 3

/** Blocks as wide as the residual that a layer holds at the same time, in d_model: queries, keys, values and the feed-forward block's three. */
const WIDTHS = 16

/** A dump is copied once on its way out of the engine. */
const DUMP_COPIES = 2

/** Bytes of a run over that many positions. The pages of weights, which any run needs, are not counted. */
export function bytesOfRun(config: ModelConfig, positions: number, size: RunSize): number {
  const { perPosition, fixed } = bytesOf(config, size)
  return positions * perPosition + fixed
}

/**
 * Throws InputError when the run needs more than is available and can be swapped out together. `heldBytes` is what earlier runs left, of which
 * this one may take over or replace all.
 */
export function refuseRunTooLarge(config: ModelConfig, size: RunSize, { availableBytes, swapBytes }: Pick<Memory, 'availableBytes' | 'swapBytes'>, heldBytes: number): void {
  const positions = Math.min(size.knownTokens + size.generate, config.contextLength)
  const needed = bytesOfRun(config, positions, size)
  const free = availableBytes + swapBytes + heldBytes
  if (needed <= free) return
  const { perPosition, fixed } = bytesOf(config, size)
  const fitting = Math.max(0, Math.floor((free - fixed) / perPosition))
  const dump = size.capture === null ? '' : ' with its dump'
  throw new InputError(
    `run of ${positions} tokens${dump} needs ${byteText(needed)} beside the model, and ${byteText(free)} are free`,
    fitting > size.knownTokens ? `generate at most ${fitting - size.knownTokens} tokens` : fitting > 0 ? `shorten the prompt to at most ${fitting} tokens` : 'close other programs or choose a smaller precision',
  )
}

function bytesOf(config: ModelConfig, { keptLayers, capture }: RunSize): { readonly perPosition: number; readonly fixed: number } {
  const { dModel, heads, vocabSize } = config
  let perPosition = dModel * keptLayers + heads * CHUNK * SCORE_COPIES
  let fixed = CHUNK * (vocabSize + WIDTHS * dModel)
  for (const memory of layerMemories(config)) {
    if (memory.kind === 'keysAndValues') perPosition += 2 * memory.kvHeads * memory.headDim
    // Before and after each step.
    else fixed += 2 * memory.states.reduce((sum, { shape }) => sum + shape.reduce((product, count) => product * count, 1), 0)
  }
  if (capture) perPosition += DUMP_COPIES * (dModel * capture.layers + (capture.logits ? vocabSize : 0))
  return { perPosition: perPosition * FLOAT_BYTES, fixed: fixed * FLOAT_BYTES }
}
