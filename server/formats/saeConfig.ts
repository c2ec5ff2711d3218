// Reads an SAE set's config.json as Qwen-Scope publishes it, and knows what its layer files are called and hold.
import { InputError } from '../protocol/errors'
import { jsonFields } from './jsonFields'
import { quote } from './quote'

export interface SaeConfig {
  readonly dModel: number
  readonly dSae: number
  readonly k: number
  /** Decoder layers of the model that the set was made for. */
  readonly modelLayers: number
  /** The model that the set was trained on, `Qwen/Qwen3-1.7B-Base`; null when not told. */
  readonly baseModel: string | null
}

const REMEDY = 'use the config.json that came with the SAE set'

/** Throws InputError that begins with `fileName` and names the field. Only top-k SAEs on resid_post are supported. */
export function parseSaeConfig(json: unknown, fileName: string): SaeConfig {
  const fields = jsonFields(json, fileName, REMEDY)
  requireText('model_type', 'topk_sae', 'choose a top-k SAE set')
  requireText('hook_point', 'resid_post', 'choose an SAE set that reads resid_post')
  const dSae = fields.count('d_sae', 1 << 24)
  return {
    dModel: fields.count('d_model', 1 << 20),
    dSae,
    k: fields.count('k', dSae),
    modelLayers: fields.count('num_layers', 1024),
    baseModel: fields.textOrNull('base_model'),
  }

  function requireText(field: string, only: string, remedy: string): void {
    const found = fields.text(field)
    if (found !== only) throw new InputError(`${fileName} ${field} ${quote(found)} is not supported`, remedy)
  }
}

/** `layer12.sae.pt`. */
export function saeLayerFile(layer: number): string {
  return `layer${layer}.sae.pt`
}

/** The layer whose file this is, or null. */
export function saeLayerOf(fileName: string): number | null {
  const match = /^layer(0|[1-9]\d{0,3})\.sae\.pt$/.exec(fileName)
  return match && Number(match[1])
}

/** Shapes of the four tensors in each layer file; column f of W_dec is feature f's direction. */
export function saeTensors(config: Pick<SaeConfig, 'dModel' | 'dSae'>): { readonly [name in 'W_enc' | 'b_enc' | 'W_dec' | 'b_dec']: readonly number[] } {
  const { dModel, dSae } = config
  return { W_enc: [dSae, dModel], b_enc: [dSae], W_dec: [dModel, dSae], b_dec: [dModel] }
}
