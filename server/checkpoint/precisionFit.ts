// Whether a model fits this machine's memory and GPU at each precision, before anything is loaded, and which precision to take.
import { byteText } from '../formats/byteText'
import type { ModelConfig } from '../formats/modelConfig'
import type { PrecisionFit } from '../protocol/requests'
import type { Precision } from '../protocol/values'
import { InputError } from '../protocol/errors'
import type { Machine, Memory } from './machine'
import { weightBytes } from './weightBytes'

/** Most precise first. */
export const PRECISIONS: readonly Precision[] = ['exact', 'q8', 'q4']

/** An SAE's encoder as it was measured in memory: per weight, and beside. */
const SAE_BYTES = { perWeight: 1.45, fixed: 12e6 }

/** Two processes of Node, the runtime's library, the graph, and what the arithmetic of a chunk needs. */
const PROGRAM_BYTES = 400e6

/** The rest is left to the system and the editor. */
const USABLE_SHARE = 0.8
/** Of memory that is free now, the system's share has been taken off already. */
const FREE_SHARE = 0.9

/** Positions that the estimate allows for. */
const POSITIONS = 4096

/** A model as far as its memory depends on it. */
export interface ModelSize {
  readonly config: ModelConfig
}

/** Features per layer of an SAE set. */
export interface SaeSize {
  readonly dSae: number
}

/** Every precision, `exact` first; with one layer of the SAE set, if there is one. Nothing is known of what was written to disk. */
export function precisionFits(model: ModelSize, { memoryBytes, gpus }: Machine, sae: SaeSize | null = null): PrecisionFit[] {
  const gpu = gpus.toSorted((a, b) => b.memoryBytes - a.memoryBytes)[0]
  return PRECISIONS.map((precision) => {
    const needed = bytesNeeded(model, precision, sae)
    const problem = shortOf(needed, memoryBytes, 'this machine')
    const onGpu = gpu === undefined ? 'no NVIDIA GPU was found' : shortOf(needed, gpu.memoryBytes, gpu.name)
    return {
      precision, bytesNeeded: needed, diskBytes: diskBytes(model, precision), fits: problem === null, problem, stored: null,
      gpu: { fits: onGpu === null, note: onGpu ?? `fits into the ${byteText(gpu!.memoryBytes)} of ${gpu!.name}` },
    }
  })
}

/** Throws InputError when not even all memory and swap space hold the model: an estimate locks nobody out before that. */
export function refuseTooLarge(path: string, model: ModelSize, precision: Precision, { memoryBytes, swapBytes }: Pick<Memory, 'memoryBytes' | 'swapBytes'>): void {
  const there = memoryBytes + swapBytes
  const needed = bytesNeeded(model, precision)
  if (needed <= there) return
  const swap = swapBytes > 0 ? ` and ${byteText(swapBytes)} of swap space` : ''
  const smaller = PRECISIONS.slice(PRECISIONS.indexOf(precision) + 1).find((other) => bytesNeeded(model, other) <= there)
  const remedy = smaller === undefined ? modelThatFits(model, there) : `use precision ${smaller}, which needs ${byteText(bytesNeeded(model, smaller))}`
  throw new InputError(`model ${path} needs ${byteText(needed)} at precision ${precision}, and this machine has ${byteText(memoryBytes)} of memory${swap}`, remedy)
}

/** The most precise that fits into `freeBytes`; the smallest where none does, because a system can make room. */
export function choosePrecision(model: ModelSize, freeBytes: number): Precision {
  return PRECISIONS.find((precision) => bytesNeeded(model, precision) <= freeBytes * FREE_SHARE) ?? 'q4'
}

/**
 * Memory for weights, what is remembered of 4096 positions, and one layer of an SAE set; or what loading takes, where that is more. Pages of files
 * that the system may take back are not counted. docs/models.md compares it with what was measured.
 */
export function bytesNeeded({ config }: ModelSize, precision: Precision, sae: SaeSize | null = null): number {
  const running = memoryOfPositions(config) + (sae === null ? 0 : sae.dSae * config.dModel * SAE_BYTES.perWeight + SAE_BYTES.fixed)
  // While it is converted to float32, the largest matrix is there twice.
  const loading = precision === 'exact' ? 4 * config.vocabSize * config.dModel : 0
  return Math.round(PROGRAM_BYTES + weightBytes(config, precision).memory + Math.max(running, loading))
}

/** Bytes of the file that the first use of a precision writes; 0 for `exact`, which writes none. */
export const diskBytes = ({ config }: ModelSize, precision: Precision): number => weightBytes(config, precision).file

function modelThatFits({ config }: ModelSize, there: number): string {
  const { memory, parameters } = weightBytes(config, 'q4')
  const fitting = ((there - PROGRAM_BYTES - memoryOfPositions(config)) * parameters) / memory
  return fitting < 1e8 ? 'choose a smaller model' : `choose a model of at most ${(fitting / 1e9).toFixed(1)} B parameters, which fits at precision q4`
}

function shortOf(needed: number, there: number, owner: string): string | null {
  const usable = there * USABLE_SHARE
  return needed <= usable ? null : `needs ${byteText(needed)}, and of the ${byteText(there)} of ${owner} ${byteText(usable)} can be used`
}

/** Keys and values of the layers that keep them, and the states of the others, in float32. */
function memoryOfPositions(config: ModelConfig): number {
  const kinds = 'layerKinds' in config ? config.layerKinds : []
  const stateLayers = kinds.filter((kind) => kind === 'linear_attention').length
  const keysAndValues = 2 * (config.layers - stateLayers) * config.kvHeads * config.headDim * Math.min(config.contextLength, POSITIONS)
  if (!('deltaNet' in config)) return 4 * keysAndValues
  const { valueHeads, keyHeadDim, valueHeadDim } = config.deltaNet
  return 4 * (keysAndValues + stateLayers * valueHeads * keyHeadDim * valueHeadDim)
}
