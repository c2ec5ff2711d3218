// SAELens: cfg.json and sae_weights.safetensors in a folder per SAE. Source: sae_lens/saes of SAELens 6, and the configuration keys of earlier versions.
import { InputError } from '../../protocol/errors'
import { jsonFields, type JsonFields } from '../jsonFields'
import { quoteValue } from '../quote'
import type { InputScale, SaeActivation } from '../saeLayer'
import { hookLayer } from './hookLayer'
import type { SaeLayoutReader } from './saeLayoutReader'
import { tensorParts, type TensorParts } from './tensorParts'

const REMEDY = 'use the cfg.json that came with the SAE'
const WEIGHTS = 'sae_weights.safetensors'

export const saeLens: SaeLayoutReader = {
  layout: 'SAELens',
  matches: (files) => files.has('cfg.json') && files.has(WEIGHTS),
  configFile: 'cfg.json',
  describe({ json, fileName }) {
    const fields = jsonFields(json, fileName, REMEDY)
    const metadata = fields.value('metadata') === undefined ? null : jsonFields(fields.value('metadata'), `${fileName} metadata`, REMEDY)
    const told = (field: string): string | null => metadata?.textOrNull(field) ?? fields.textOrNull(field)
    const hook = told('hook_name') ?? fields.textOrNull('hook_point')
    if (hook === null) throw new InputError(`${fileName} has no hook_name`, REMEDY)
    const reshape = fields.value('reshape_activations') ?? 'none'
    if (reshape !== 'none') throw new InputError(`${fileName} reshape_activations is ${quoteValue(reshape)}, which is not supported`, 'choose an SAE that reads resid_post')
    if (fields.flag('finetuning_scaling_factor', false)) throw new InputError(`${fileName} has a finetuning_scaling_factor, which is not supported`, 'choose an SAE without it')
    const layer = hookLayer(hook, fileName)
    const scale = inputScale(fields, fileName)
    const activationOf = activationReader(fields, fileName)
    const subtractsDecoderBias = fields.flag('apply_b_dec_to_input', true)
    const decoderNorm = fields.flag('rescale_acts_by_decoder_norm', false) ? 'folded' : 'ignored'
    const expected = { dModel: fields.count('d_in', 1 << 20), dSae: fields.count('d_sae', 1 << 24) }
    return {
      baseModel: told('model_name'),
      modelLayers: null,
      saes: [{
        layer,
        file: WEIGHTS,
        read: (tensors) => {
          const parts = tensorParts(tensors, 'W_enc', 'feature columns', expected)
          const activation = activationOf(parts)
          return {
            layer,
            dSae: parts.dSae,
            W_enc: parts.W_enc,
            b_enc: activation.kind === 'gated' ? null : parts.perFeature('b_enc'),
            W_dec: parts.decoder('W_dec', 'feature rows'),
            b_dec: parts.perDimension('b_dec'),
            input: { scale, subtractsDecoderBias },
            activation,
            decoderNorm,
          }
        },
      }],
    }
  },
}

/** `expected_average_only_in` is folded into the weights before they are saved. */
function inputScale(fields: JsonFields, fileName: string): InputScale {
  const name = fields.value('normalize_activations') ?? 'none'
  switch (name) {
    case 'none':
    case false:
    case 'expected_average_only_in':
      return { kind: 'none' }
    case 'constant_norm_rescale':
      return { kind: 'norm' }
    case 'layer_norm':
      return { kind: 'layerNorm' }
    default:
      throw new InputError(`${fileName} normalize_activations is ${quoteValue(name)}, which is not supported`, 'choose another SAE')
  }
}

/** Trained batch-top-k and Matryoshka SAEs are saved as jumprelu. */
function activationReader(fields: JsonFields, fileName: string): (parts: TensorParts) => SaeActivation {
  const architecture = fields.value('architecture') ?? 'standard'
  const topK = (from: JsonFields): SaeActivation => ({ kind: 'topk', k: from.count('k', fields.count('d_sae', 1 << 24)) })
  switch (architecture) {
    case 'jumprelu':
      return (parts) => ({ kind: 'jumprelu', threshold: parts.threshold('threshold'), isLog: false })
    case 'gated':
      return (parts) => ({ kind: 'gated', b_gate: parts.perFeature('b_gate'), b_mag: parts.perFeature('b_mag'), r_mag: parts.perFeature('r_mag') })
    case 'topk': {
      const old = fields.value('activation_fn_kwargs')
      const activation = topK(fields.value('k') === undefined && old !== undefined ? jsonFields(old, `${fileName} activation_fn_kwargs`, REMEDY) : fields)
      return () => activation
    }
    case 'standard': {
      const name = fields.value('activation_fn_str') ?? fields.value('activation_fn') ?? 'relu'
      if (name === 'relu') return () => ({ kind: 'relu' })
      if (name === 'topk') {
        const activation = topK(jsonFields(fields.value('activation_fn_kwargs'), `${fileName} activation_fn_kwargs`, REMEDY))
        return () => activation
      }
      throw new InputError(`${fileName} activation_fn_str is ${quoteValue(name)}, which is not supported`, 'choose another SAE')
    }
    default:
      throw new InputError(`${fileName} architecture is ${quoteValue(architecture)}, which is not supported`, 'choose an SAE of the architecture standard, topk, jumprelu or gated')
  }
}
