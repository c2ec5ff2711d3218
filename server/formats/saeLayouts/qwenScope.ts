// Qwen-Scope: config.json, and one layer{n}.sae.pt per layer. Source: the model cards and app.py of Qwen's SAE repositories.
import { parseSaeConfig, saeLayerFile, saeLayerOf } from '../saeConfig'
import { InputError } from '../../protocol/errors'
import type { SaeLayer } from '../saeLayer'
import type { SaeLayoutReader, SaeTensors } from './saeLayoutReader'
import { tensorParts } from './tensorParts'

export const qwenScope: SaeLayoutReader = {
  layout: 'Qwen-Scope',
  matches: (files) => files.has('config.json') && [...files].some((file) => saeLayerOf(file) !== null),
  configFile: 'config.json',
  describe({ files, json, fileName }) {
    const config = parseSaeConfig(json, fileName)
    const layers = [...files].map(saeLayerOf).filter((layer): layer is number => layer !== null).sort((a, b) => a - b)
    const beyond = layers.find((layer) => layer >= config.modelLayers)
    if (beyond !== undefined) {
      throw new InputError(`${fileName.replace(/config\.json$/, saeLayerFile(beyond))} is beyond the ${config.modelLayers} layers that config.json tells`, 'use the config.json that came with the SAE set')
    }
    const read = (layer: number) => (tensors: SaeTensors): SaeLayer => {
      const parts = tensorParts(tensors, 'W_enc', 'feature rows', config)
      return {
        layer,
        dSae: parts.dSae,
        W_enc: parts.W_enc,
        b_enc: parts.perFeature('b_enc'),
        W_dec: parts.decoder('W_dec', 'feature columns'),
        b_dec: parts.perDimension('b_dec'),
        // The cards and the demo: neither is b_dec subtracted nor the input scaled.
        input: { scale: { kind: 'none' }, subtractsDecoderBias: false },
        activation: { kind: 'topk', k: config.k },
        decoderNorm: 'ignored',
      }
    }
    return { baseModel: config.baseModel, modelLayers: config.modelLayers, saes: layers.map((layer) => ({ layer, file: saeLayerFile(layer), read: read(layer) })) }
  },
}
