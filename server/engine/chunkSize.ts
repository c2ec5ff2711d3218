// How many positions of a prompt are computed in one go.
import type { ModelConfig } from '../formats/modelConfig'

const FEW = 64
const MANY = 128

/** layers · d_model² up to which a run over many positions takes well under a second on two cores; Qwen3-1.7B has 117 million. */
const SMALL_MODEL = 200e6

/**
 * Positions per run: what a cancel waits for, and what bounds the memory of attention scores. More at a time read the weights less often: 128 are
 * about a tenth faster than 64, and 256 are no faster than that.
 */
export function chunkSize({ layers, dModel }: Pick<ModelConfig, 'layers' | 'dModel'>): number {
  return layers * dModel * dModel <= SMALL_MODEL ? MANY : FEW
}
