// Reads the routed experts of a configuration, and names their tensors.
import { InputError } from '../../protocol/errors'
import type { JsonFields } from '../jsonFields'
import type { DecoderConfig, Experts } from '../modelConfig'
import { CONFIG_REMEDY } from './decoderFields'
import { mlpTensors, type LayerTensors } from './decoderTensors'

/** Far more than any model has. */
const MOST_EXPERTS = 4096

/** `normalised`: whether the chosen probabilities are divided by their sum. transformers 5 writes `num_local_experts` where it read `num_experts`. */
export function expertFields(fields: JsonFields, fileName: string, normalised: boolean): Experts {
  const name = fields.value('num_experts') === undefined && fields.value('num_local_experts') !== undefined ? 'num_local_experts' : 'num_experts'
  const count = fields.count(name, MOST_EXPERTS)
  const perToken = fields.count('num_experts_per_tok', MOST_EXPERTS)
  if (perToken > count) throw new InputError(`${fileName} num_experts_per_tok ${perToken} is more than the ${count} experts`, CONFIG_REMEDY)
  return { count, perToken, dExpert: fields.count('moe_intermediate_size', 1 << 22), normalised }
}

/** Router and experts, each expert for itself, as `tensorPlaces` finds them in either layout. */
export function expertTensors(config: DecoderConfig, { count, dExpert }: Experts): LayerTensors {
  return [['mlp.gate.weight', [count, config.dModel]], ...Array.from({ length: count }, (_, expert) => mlpTensors(config, dExpert, `mlp.experts.${expert}.`)).flat()]
}
