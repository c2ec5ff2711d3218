// Which tensors a checkpoint of each architecture holds, by their Hugging Face names, and their shapes.
import type { TensorShapes } from './architectures/architecture'
import { architectureNamed } from './architectures/architectures'
import type { ModelConfig } from './modelConfig'

/** Name and shape of every tensor that the model's graph reads, in the order of the forward pass. Linear weights are (out, in). */
export const modelTensors = (config: ModelConfig): TensorShapes => architectureNamed(config.architecture).tensors(config)
