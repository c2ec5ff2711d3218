// Goodfire: the state dict of one SAE in a file whose name ends on its layer, `…-SAE-l19.pth`. Source: the model cards, and SAELens' loader for it.
import type { SaeLayoutReader } from './saeLayoutReader'
import { tensorParts } from './tensorParts'

const FILE = /^(.+)-SAE-l(\d+)\.pth?$/

export const goodfire: SaeLayoutReader = {
  layout: 'Goodfire',
  matches: (files) => [...files].some((file) => FILE.test(file)),
  configFile: null,
  describe({ files }) {
    const found = [...files].flatMap((file) => {
      const match = FILE.exec(file)
      return match ? [{ file, model: match[1]!, layer: Number(match[2]) }] : []
    })
    return {
      baseModel: found[0]!.model,
      modelLayers: null,
      saes: found.map(({ file, layer }) => ({
        layer,
        file,
        read: (tensors) => {
          const parts = tensorParts(tensors, 'encoder_linear.weight', 'feature rows')
          return {
            layer,
            dSae: parts.dSae,
            W_enc: parts.W_enc,
            b_enc: parts.perFeature('encoder_linear.bias'),
            W_dec: parts.decoder('decoder_linear.weight', 'feature columns'),
            b_dec: parts.perDimension('decoder_linear.bias'),
            input: { scale: { kind: 'none' }, subtractsDecoderBias: false },
            activation: { kind: 'relu' },
            decoderNorm: 'ignored',
          }
        },
      })),
    }
  },
}
