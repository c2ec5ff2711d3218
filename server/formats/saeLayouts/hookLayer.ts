// Reads the decoder layer out of the name of the place that an SAE reads; only resid_post can be read and edited here.
import { InputError } from '../../protocol/errors'
import { quote } from '../quote'

const REMEDY = 'choose an SAE set that reads resid_post'

/** Output of a decoder layer, by the names of transformers and of TransformerLens. */
const RESID_POST = [/^blocks\.(\d+)\.hook_resid_post$/, /^(?:model\.|transformer\.|gpt_neox\.)*(?:layers|h)\.(\d+)(?:\.output)?$/, /^resid_post(?:_layer)?[._](\d+)$/]
const RESID_PRE = /^blocks\.(\d+)\.hook_resid_pre$/

/** resid_pre of layer L is resid_post of layer L − 1, the same numbers. Throws InputError, which begins with `fileName`, for any other place. */
export function hookLayer(hook: string, fileName: string): number {
  for (const pattern of RESID_POST) {
    const match = pattern.exec(hook)
    if (match) return Number(match[1])
  }
  const before = RESID_PRE.exec(hook)
  if (before && before[1] !== '0') return Number(before[1]) - 1
  throw new InputError(`${fileName} reads ${quote(hook)}, which is not supported`, REMEDY)
}
