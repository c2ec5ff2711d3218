// dictionary_learning: config.json and ae.pt in a folder per trainer. Source: dictionary_learning/dictionary.py and the trainers beside it.
import { InputError } from '../../protocol/errors'
import { jsonFields, type JsonFields } from '../jsonFields'
import { quote } from '../quote'
import type { SaeLayer } from '../saeLayer'
import { hookLayer } from './hookLayer'
import type { SaeLayoutReader, SaeTensors } from './saeLayoutReader'
import { tensorParts } from './tensorParts'

const REMEDY = 'use the config.json that came with the SAE'
const WEIGHTS = 'ae.pt'

/** All but the layer, from the tensors and the configuration of the trainer. */
type Reader = (tensors: SaeTensors, trainer: JsonFields, expected: { readonly dModel: number; readonly dSae: number }) => Omit<SaeLayer, 'layer'>

export const dictionaryLearning: SaeLayoutReader = {
  layout: 'dictionary_learning',
  matches: (files) => files.has('config.json') && files.has(WEIGHTS),
  configFile: 'config.json',
  describe({ json, fileName }) {
    const trainer = jsonFields(jsonFields(json, fileName, REMEDY).value('trainer'), `${fileName} trainer`, REMEDY)
    const dictClass = trainer.text('dict_class')
    const reader = Object.hasOwn(READERS, dictClass) ? READERS[dictClass]! : null
    if (!reader) throw new InputError(`${fileName} dict_class ${quote(dictClass)} is not supported`, `choose a dictionary of the class ${Object.keys(READERS).join(', ')}`)
    const layer = layerOf(trainer, fileName)
    const expected = { dModel: trainer.count('activation_dim', 1 << 20), dSae: trainer.count('dict_size', 1 << 24) }
    return { baseModel: trainer.textOrNull('lm_name'), modelLayers: null, saes: [{ layer, file: WEIGHTS, read: (tensors) => ({ layer, ...reader(tensors, trainer, expected) }) }] }
  },
}

/** `submodule_name` is free text, `resid_post_layer_8` in the published sets; where it names another place the SAE is refused. */
function layerOf(trainer: JsonFields, fileName: string): number {
  const name = trainer.textOrNull('submodule_name')
  if (name !== null && !/^resid(_post)?(_layer_\d+)?$/.test(name)) return hookLayer(name, fileName)
  const layer = trainer.value('layer')
  if (!Number.isSafeInteger(layer) || (layer as number) < 0) throw trainer.invalid('layer', 'the number of a layer')
  return layer as number
}

const plain = { kind: 'none' } as const

/** ReLU over `encoder`, a decoder that is scaled to unit columns when it is loaded, and one bias for both sides. */
const autoEncoder: Reader = (tensors, _trainer, expected) => {
  const parts = tensorParts(tensors, 'encoder.weight', 'feature rows', expected)
  return {
    dSae: parts.dSae, W_enc: parts.W_enc, b_enc: parts.perFeature('encoder.bias'), W_dec: parts.decoder('decoder.weight', 'feature columns'), b_dec: parts.perDimension('bias'),
    input: { scale: plain, subtractsDecoderBias: true }, activation: { kind: 'relu' }, decoderNorm: 'folded',
  }
}

const autoEncoderNew: Reader = (tensors, _trainer, expected) => {
  const parts = tensorParts(tensors, 'encoder.weight', 'feature rows', expected)
  return {
    dSae: parts.dSae, W_enc: parts.W_enc, b_enc: parts.perFeature('encoder.bias'), W_dec: parts.decoder('decoder.weight', 'feature columns'), b_dec: parts.perDimension('decoder.bias'),
    input: { scale: plain, subtractsDecoderBias: false }, activation: { kind: 'relu' }, decoderNorm: 'ignored',
  }
}

const autoEncoderTopK: Reader = (tensors, trainer, expected) => {
  const parts = tensorParts(tensors, 'encoder.weight', 'feature rows', expected)
  return {
    dSae: parts.dSae, W_enc: parts.W_enc, b_enc: parts.perFeature('encoder.bias'), W_dec: parts.decoder('decoder.weight', 'feature columns'), b_dec: parts.perDimension('b_dec'),
    input: { scale: plain, subtractsDecoderBias: true }, activation: { kind: 'topk', k: trainer.count('k', expected.dSae) }, decoderNorm: 'ignored',
  }
}

/** After training a threshold stands for the choice among a batch. */
const batchTopK: Reader = (tensors, _trainer, expected) => {
  const parts = tensorParts(tensors, 'encoder.weight', 'feature rows', expected)
  return {
    dSae: parts.dSae, W_enc: parts.W_enc, b_enc: parts.perFeature('encoder.bias'), W_dec: parts.decoder('decoder.weight', 'feature columns'), b_dec: parts.perDimension('b_dec'),
    input: { scale: plain, subtractsDecoderBias: true }, activation: { kind: 'jumprelu', threshold: parts.threshold('threshold'), isLog: false }, decoderNorm: 'ignored',
  }
}

/** Matryoshka and JumpReLU dictionaries name their matrices alike; only the first always subtracts b_dec. */
const thresholded = (subtracts: (trainer: JsonFields) => boolean): Reader => (tensors, trainer, expected) => {
  const parts = tensorParts(tensors, 'W_enc', 'feature columns', expected)
  return {
    dSae: parts.dSae, W_enc: parts.W_enc, b_enc: parts.perFeature('b_enc'), W_dec: parts.decoder('W_dec', 'feature rows'), b_dec: parts.perDimension('b_dec'),
    input: { scale: plain, subtractsDecoderBias: subtracts(trainer) }, activation: { kind: 'jumprelu', threshold: parts.threshold('threshold'), isLog: false }, decoderNorm: 'ignored',
  }
}

const gated: Reader = (tensors, _trainer, expected) => {
  const parts = tensorParts(tensors, 'encoder.weight', 'feature rows', expected)
  return {
    dSae: parts.dSae, W_enc: parts.W_enc, b_enc: null, W_dec: parts.decoder('decoder.weight', 'feature columns'), b_dec: parts.perDimension('decoder_bias'),
    input: { scale: plain, subtractsDecoderBias: true },
    activation: { kind: 'gated', b_gate: parts.perFeature('gate_bias'), b_mag: parts.perFeature('mag_bias'), r_mag: parts.perFeature('r_mag') },
    decoderNorm: 'ignored',
  }
}

const READERS: Readonly<Record<string, Reader>> = {
  AutoEncoder: autoEncoder,
  AutoEncoderNew: autoEncoderNew,
  AutoEncoderTopK: autoEncoderTopK,
  BatchTopKSAE: batchTopK,
  MatryoshkaBatchTopKSAE: thresholded(() => true),
  JumpReluAutoEncoder: thresholded((trainer) => trainer.flag('apply_b_dec_to_input', false)),
  GatedAutoEncoder: gated,
}
