// What a model's files say about special tokens around a text: the beginning that raw text gets, and the names chat templates know.
import { fieldOf } from './jsonFields'

export interface SpecialTokens {
  /** What a text begins with that is fed as it is, `<|begin_of_text|>` for Llama; empty where nothing is added. */
  readonly textPrefix: string
  /** `bos_token`, `eos_token` and the like, by the names under which chat templates read them. */
  readonly templateVariables: Readonly<Record<string, string>>
}

/** Source: transformers' TokenizersBackend, where tokenizer.json alone decides what is added, and apply_chat_template. */
export function specialTokens(tokenizerJson: unknown, tokenizerConfig: unknown): SpecialTokens {
  return { textPrefix: textPrefix(fieldOf(tokenizerJson, 'post_processor')), templateVariables: templateVariables(tokenizerConfig) }
}

/** The tokens that a TemplateProcessing step puts before a single text. */
function textPrefix(postProcessor: unknown): string {
  const steps = fieldOf(postProcessor, 'type') === 'Sequence' ? listed(fieldOf(postProcessor, 'processors')) : [postProcessor]
  const step = steps.find((each) => fieldOf(each, 'type') === 'TemplateProcessing')
  const single = listed(fieldOf(step, 'single'))
  const textAt = single.findIndex((piece) => fieldOf(piece, 'Sequence') !== undefined)
  const tokensOf = (name: unknown): unknown[] => listed(fieldOf(fieldOf(fieldOf(step, 'special_tokens'), String(name)), 'tokens'))
  return single.slice(0, Math.max(textAt, 0)).flatMap((piece) => tokensOf(fieldOf(fieldOf(piece, 'SpecialToken'), 'id'))).join('')
}

const NAMES = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const

function templateVariables(tokenizerConfig: unknown): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const name of NAMES) {
    const token = fieldOf(tokenizerConfig, name)
    // Older files write a token as an object.
    const text = typeof token === 'string' ? token : fieldOf(token, 'content')
    if (typeof text === 'string') variables[name] = text
  }
  return variables
}

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
