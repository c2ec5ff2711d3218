// Whether a model fits this machine's memory and GPU at each precision, before anything is loaded.
import { byteText } from '../formats/byteText'
import type { ModelConfig } from '../formats/modelConfig'
import type { PrecisionFit } from '../protocol/requests'
import type { Precision } from '../protocol/values'
import { InputError } from '../protocol/errors'
import type { Machine, Memory } from './machine'

/** Bytes that a weight takes; quantised ones with a scale for each block of 32. */
const WEIGHT_BYTES: readonly (readonly [precision: Precision, bytes: number])[] = [['exact', 4], ['q8', 1.125], ['q4', 0.625]]
const AVAILABLE: readonly Precision[] = ['exact']

/** The rest is left to the system, the editor and what the arithmetic itself needs. */
const USABLE_SHARE = 0.8

/** Positions that the estimate allows for. */
const POSITIONS = 4096

/** Every precision, `exact` first. */
export function precisionFits(config: ModelConfig, parameters: number, { memoryBytes, gpus }: Machine): PrecisionFit[] {
  const gpu = gpus.toSorted((a, b) => b.memoryBytes - a.memoryBytes)[0]
  return WEIGHT_BYTES.map(([precision, weightBytes]) => {
    const bytesNeeded = bytesOf(config, parameters, weightBytes)
    const memory = shortOf(bytesNeeded, memoryBytes, 'this machine')
    const onGpu = gpu === undefined ? 'no NVIDIA GPU was found' : shortOf(bytesNeeded, gpu.memoryBytes, gpu.name)
    const problem = AVAILABLE.includes(precision) ? memory : `precision ${precision} is not available yet`
    return { precision, bytesNeeded, fits: problem === null, problem, gpu: { fits: onGpu === null, note: onGpu ?? `fits into the ${byteText(gpu!.memoryBytes)} of ${gpu!.name}` } }
  })
}

/** Throws InputError when not even all memory and swap space hold the model at `exact`: an estimate locks nobody out before that. */
export function refuseTooLarge(path: string, config: ModelConfig, parameters: number, { memoryBytes, swapBytes }: Pick<Memory, 'memoryBytes' | 'swapBytes'>): void {
  const needed = bytesNeededExact(config, parameters)
  if (needed <= memoryBytes + swapBytes) return
  const swap = swapBytes > 0 ? ` and ${byteText(swapBytes)} of swap space` : ''
  throw new InputError(`model ${path} needs ${byteText(needed)} at precision exact, and this machine has ${byteText(memoryBytes)} of memory${swap}`, 'choose a smaller model')
}

export const bytesNeededExact = (config: ModelConfig, parameters: number): number => bytesOf(config, parameters, WEIGHT_BYTES[0]![1])

const bytesOf = (config: ModelConfig, parameters: number, weightBytes: number): number => parameters * weightBytes + memoryOfPositions(config)

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
