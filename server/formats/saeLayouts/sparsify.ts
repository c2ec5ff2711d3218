// EleutherAI sparsify: cfg.json and sae.safetensors in a folder named by its hookpoint, `layers.3`. Source: sparsify/sparse_coder.py.
import { InputError } from '../../protocol/errors'
import { jsonFields } from '../jsonFields'
import { quoteValue } from '../quote'
import { hookLayer } from './hookLayer'
import type { SaeLayoutReader } from './saeLayoutReader'
import { tensorParts } from './tensorParts'

const REMEDY = 'use the cfg.json that came with the SAE'
const WEIGHTS = 'sae.safetensors'

export const sparsify: SaeLayoutReader = {
  layout: 'sparsify',
  matches: (files) => files.has('cfg.json') && files.has(WEIGHTS),
  configFile: 'cfg.json',
  describe({ json, fileName, path }) {
    const fields = jsonFields(json, fileName, REMEDY)
    for (const flag of ['transcode', 'skip_connection', 'signed']) {
      if (fields.flag(flag, false)) throw new InputError(`${fileName} sets ${flag}, which is not supported`, 'choose an SAE that reconstructs what it reads')
    }
    const activation = fields.value('activation') ?? 'topk'
    if (activation !== 'topk') throw new InputError(`${fileName} activation is ${quoteValue(activation)}, which is not supported`, 'choose a top-k SAE')
    const layer = hookLayer(path.at(-1) ?? '', fileName)
    const dModel = fields.count('d_in', 1 << 20)
    const latents = fields.value('num_latents')
    const dSae = latents === undefined || latents === 0 ? dModel * fields.count('expansion_factor', 1 << 16) : fields.count('num_latents', 1 << 24)
    const k = fields.count('k', dSae)
    return {
      baseModel: null,
      modelLayers: null,
      saes: [{
        layer,
        file: WEIGHTS,
        read: (tensors) => {
          const parts = tensorParts(tensors, 'encoder.weight', 'feature rows', { dModel, dSae })
          return {
            layer,
            dSae,
            W_enc: parts.W_enc,
            b_enc: parts.perFeature('encoder.bias'),
            W_dec: parts.decoder('W_dec', 'feature rows'),
            b_dec: parts.perDimension('b_dec'),
            input: { scale: { kind: 'none' }, subtractsDecoderBias: true },
            activation: { kind: 'topk', k },
            decoderNorm: 'ignored',
          }
        },
      }],
    }
  },
}
