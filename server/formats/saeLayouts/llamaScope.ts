// Llama Scope: hyperparams.json (or config.json) and one safetensors file per SAE. Source: OpenMOSS' Language-Model-SAEs, and SAELens' loader for it.
import { InputError } from '../../protocol/errors'
import { jsonFields, type JsonFields } from '../jsonFields'
import { quoteValue } from '../quote'
import type { InputScale, SaeActivation } from '../saeLayer'
import { hookLayer } from './hookLayer'
import type { SaeFolder, SaeFolderDescription, SaeLayoutReader } from './saeLayoutReader'
import { tensorParts, type TensorParts } from './tensorParts'

const REMEDY = 'use the configuration that came with the SAE'
const FINAL = 'checkpoints/final.safetensors'
const DISTILLED = 'sae_weights.safetensors'

export const llamaScope: SaeLayoutReader = {
  layout: 'Llama Scope',
  matches: (files) => files.has('hyperparams.json') && files.has(FINAL),
  configFile: 'hyperparams.json',
  describe: (folder) => describe(folder, FINAL),
}

/** The sets for distilled models lie otherwise. */
export const llamaScopeDistilled: SaeLayoutReader = {
  layout: 'Llama Scope',
  matches: (files) => files.has('config.json') && files.has(DISTILLED) && !files.has('cfg.json'),
  configFile: 'config.json',
  describe: (folder) => describe(folder, DISTILLED),
}

function describe({ json, fileName }: SaeFolder, file: string): SaeFolderDescription {
  const fields = jsonFields(json, fileName, REMEDY)
  const hook = fields.text('hook_point_in')
  const layer = hookLayer(hook, fileName)
  const out = fields.textOrNull('hook_point_out')
  if (out !== null && out !== hook) throw new InputError(`${fileName} reads ${quoteValue(hook)} and writes ${quoteValue(out)}, which is not supported`, 'choose an SAE that reconstructs what it reads')
  if (fields.flag('apply_decoder_bias_to_pre_encoder', false)) throw new InputError(`${fileName} sets apply_decoder_bias_to_pre_encoder, which is not supported`, 'choose another SAE')
  const dModel = fields.count('d_model', 1 << 20)
  const scale = inputScale(fields, fileName, dModel)
  return {
    baseModel: fields.textOrNull('model_name'),
    modelLayers: null,
    saes: [{
      layer,
      file,
      read: (tensors) => {
        const isNew = tensors.byName.has('W_E')
        const parts = isNew ? tensorParts(tensors, 'W_E', 'feature columns', { dModel }) : tensorParts(tensors, 'encoder.weight', 'feature rows', { dModel })
        const [b_enc, b_dec] = isNew ? (['b_E', 'b_D'] as const) : (['encoder.bias', 'decoder.bias'] as const)
        return {
          layer,
          dSae: parts.dSae,
          W_enc: parts.W_enc,
          b_enc: parts.perFeature(b_enc),
          W_dec: isNew ? parts.decoder('W_D', 'feature rows') : parts.decoder('decoder.weight', 'feature columns'),
          b_dec: parts.has(b_dec) ? parts.perDimension(b_dec) : null,
          input: { scale, subtractsDecoderBias: false },
          activation: activation(fields, parts, fileName),
          decoderNorm: fields.flag('sparsity_include_decoder_norm', isNew) ? 'gates' : 'ignored',
        }
      },
    }],
  }
}

/** With `dataset-wise` the SAE reads x · √d_model / (mean norm of the training data). */
function inputScale(fields: JsonFields, fileName: string, dModel: number): InputScale {
  const kind = fields.value('norm_activation') ?? 'dataset-wise'
  switch (kind) {
    case 'dataset-wise': {
      const norms = fields.value('dataset_average_activation_norm')
      return norms === undefined ? { kind: 'none' } : { kind: 'constant', divisor: jsonFields(norms, `${fileName} dataset_average_activation_norm`, REMEDY).positive('in') / Math.sqrt(dModel) }
    }
    case 'token-wise':
      return { kind: 'norm' }
    case 'inference':
    case 'none':
      return { kind: 'none' }
    default:
      throw new InputError(`${fileName} norm_activation is ${quoteValue(kind)}, which is not supported`, 'choose another SAE')
  }
}

/** The threshold is compared with what the encoder makes of the scaled input. */
function activation(fields: JsonFields, parts: TensorParts, fileName: string): SaeActivation {
  if (parts.has('log_jumprelu_threshold')) return { kind: 'jumprelu', threshold: parts.threshold('log_jumprelu_threshold'), isLog: true }
  const name = fields.value('act_fn') ?? 'jumprelu'
  switch (name) {
    case 'relu':
      return { kind: 'relu' }
    case 'topk':
      return { kind: 'topk', k: fields.count('top_k', parts.dSae) }
    case 'jumprelu':
      return { kind: 'jumprelu', threshold: fields.positive('jump_relu_threshold'), isLog: false }
    default:
      throw new InputError(`${fileName} act_fn is ${quoteValue(name)}, which is not supported`, 'choose an SAE with relu, jumprelu or topk')
  }
}
