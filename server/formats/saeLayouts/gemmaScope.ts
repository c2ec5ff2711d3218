// Gemma Scope, both generations: JumpReLU SAEs in params.npz below `layer_N`, and in params.safetensors beside a config.json. Source: SAELens' loaders for them.
import { InputError } from '../../protocol/errors'
import { jsonFields } from '../jsonFields'
import { quoteValue } from '../quote'
import type { SaeLayer } from '../saeLayer'
import { hookLayer } from './hookLayer'
import type { SaeLayoutReader, SaeTensors } from './saeLayoutReader'
import { tensorParts } from './tensorParts'

const REMEDY = 'use the config.json that came with the SAE'

export const gemmaScope: SaeLayoutReader = {
  layout: 'Gemma Scope',
  matches: (files) => files.has('params.npz'),
  configFile: null,
  describe({ fileName, path }) {
    const layer = path.map((name) => /^layer_(\d+)$/.exec(name)?.[1]).findLast((found) => found !== undefined)
    if (layer === undefined) throw new InputError(`${fileName} holds params.npz below no folder named layer_N, so its layer is unknown`, 'keep the folders that Gemma Scope publishes')
    const other = path.find((name) => /^(mlp|att|attn|transcoder)s?$|-(mlp|att|transcoders)$/.test(name))
    if (other !== undefined) throw new InputError(`${fileName} reads ${quoteValue(other)}, not resid_post, which is not supported`, 'choose an SAE set that reads resid_post')
    return { baseModel: null, modelLayers: null, saes: [{ layer: Number(layer), file: 'params.npz', read: (tensors) => jumpRelu(tensors, Number(layer)) }] }
  },
}

export const gemmaScope2: SaeLayoutReader = {
  layout: 'Gemma Scope 2',
  matches: (files) => files.has('config.json') && files.has('params.safetensors'),
  configFile: 'config.json',
  describe({ json, fileName }) {
    const fields = jsonFields(json, fileName, REMEDY)
    const architecture = fields.value('architecture') ?? 'jump_relu'
    if (architecture !== 'jump_relu') throw new InputError(`${fileName} architecture is ${quoteValue(architecture)}, which is not supported`, 'choose a jump_relu SAE')
    const hook = fields.text('hf_hook_point_in')
    const layer = hookLayer(hook, fileName)
    const out = fields.textOrNull('hf_hook_point_out')
    if (out !== null && out !== hook) throw new InputError(`${fileName} reads ${quoteValue(hook)} and writes ${quoteValue(out)}, which is not supported`, 'choose an SAE that reconstructs what it reads')
    return { baseModel: fields.textOrNull('model_name'), modelLayers: null, saes: [{ layer, file: 'params.safetensors', read: (tensors) => jumpRelu(tensors, layer) }] }
  },
}

function jumpRelu(tensors: SaeTensors, layer: number): SaeLayer {
  const [encoder, decoder] = tensors.byName.has('w_enc') ? ['w_enc', 'w_dec'] as const : ['W_enc', 'W_dec'] as const
  const parts = tensorParts(tensors, encoder, 'feature columns')
  return {
    layer,
    dSae: parts.dSae,
    W_enc: parts.W_enc,
    b_enc: parts.perFeature('b_enc'),
    W_dec: parts.decoder(decoder, 'feature rows'),
    b_dec: parts.perDimension('b_dec'),
    input: { scale: { kind: 'none' }, subtractsDecoderBias: false },
    activation: { kind: 'jumprelu', threshold: parts.threshold('threshold'), isLog: false },
    decoderNorm: 'ignored',
  }
}
