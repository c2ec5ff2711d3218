// Reads the fields of config.json that every decoder has.
import { InputError } from '../../protocol/errors'
import type { JsonFields } from '../jsonFields'
import type { DecoderConfig } from '../modelConfig'
import { ropeField, type RopeDefaults } from './ropeField'

export const CONFIG_REMEDY = 'use the config.json that came with the model'

/** `defaults` count where the file says nothing. Field names: transformers' configurations. Throws InputError that names the field. */
export function decoderFields(fields: JsonFields, fileName: string, defaults: RopeDefaults = {}): DecoderConfig {
  const dModel = fields.count('hidden_size', 1 << 20)
  const heads = fields.count('num_attention_heads', 4096)
  const kvHeads = fields.count('num_key_value_heads', 4096, heads)
  const headDim = fields.count('head_dim', 1 << 16, dModel / heads)
  if (heads % kvHeads) throw new InputError(`${fileName} num_attention_heads ${heads} is no multiple of num_key_value_heads ${kvHeads}`, CONFIG_REMEDY)
  if (headDim % 2) throw new InputError(`${fileName} head_dim ${headDim} is odd, which rotary embedding cannot use`, CONFIG_REMEDY)
  return {
    layers: fields.count('num_hidden_layers', 1024),
    dModel,
    heads,
    kvHeads,
    headDim,
    vocabSize: fields.count('vocab_size', 1 << 24),
    rope: ropeField(fields, fileName, headDim, defaults),
    rmsNormEps: fields.positive('rms_norm_eps'),
    tiedEmbeddings: fields.flag('tie_word_embeddings', false),
    contextLength: fields.count('max_position_embeddings', 1 << 27),
  }
}

/** Width of the feed-forward block. */
export const feedForwardWidth = (fields: JsonFields): number => fields.count('intermediate_size', 1 << 22)
