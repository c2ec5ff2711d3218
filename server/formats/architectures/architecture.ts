// What is known about one architecture's files: its names, how its config.json is read, which tensors it has.
import type { JsonFields } from '../jsonFields'
import type { ModelConfig } from '../modelConfig'

export interface Architecture<Config extends ModelConfig = ModelConfig> {
  /** Names in the `architectures` of config.json. */
  readonly classNames: readonly string[]
  /** Names in its `model_type`, which counts where `architectures` is absent. */
  readonly modelTypes: readonly string[]
  /** Throws InputError that begins with `fileName` and names the field. */
  parse(fields: JsonFields, fileName: string): Config
  /** Name and shape of every tensor that the graph reads, in the order of the forward pass. Linear weights are (out, in). */
  tensors(config: Config): TensorShapes
}

export type TensorShapes = Map<string, readonly number[]>
