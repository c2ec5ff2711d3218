// Checks that a tokenizer.json describes a BPE whose tokens are bytes or text and brings it, with tokenizer_config.json, into the form that the tokenizer library needs.
import { InputError } from '../protocol/errors'
import { quote, quoteValue } from './quote'
import { BYTE_LEVEL, sentencePieceSpelling, type BlankBefore, type TokenSpelling } from './tokenSpelling'

/** A token that is recognised in the text before any splitting. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special: boolean
}

/** `definition` is tokenizer.json with the fields that the library insists on. */
export interface TokenizerDefinition {
  readonly definition: object
  readonly addedTokens: readonly AddedToken[]
  readonly spelling: TokenSpelling
}

const REMEDY = 'use the tokenizer.json that came with the model'
const OTHER_MODEL = 'choose a model with a byte-level BPE tokenizer'
/** SentencePiece's character for a blank. */
const BLANK = '▁'

/** Throws InputError, which begins with `fileName`, for anything but a BPE of bytes (ByteLevel) or of text with byte tokens (SentencePiece). */
export function readTokenizerJson(tokenizerJson: unknown, tokenizerConfig: unknown, fileName: string): TokenizerDefinition {
  const json = record(tokenizerJson)
  if (!json) throw new InputError(`${fileName} does not hold a JSON object`, REMEDY)
  const model = record(json.model)
  if (!model) throw new InputError(`${fileName} has no model`, REMEDY)
  const type: unknown = model.type ?? 'BPE'
  if (type !== 'BPE') throw new InputError(`${fileName} model type ${quoteValue(type)} is not supported`, OTHER_MODEL)
  if (!record(model.vocab) || !Array.isArray(model.merges)) throw new InputError(`${fileName} has no vocabulary and merges`, REMEDY)
  checkVocabulary(model.vocab as Record<string, unknown>, fileName)
  if (!model.merges.every(isMerge)) throw new InputError(`${fileName} has merges that are not pairs of tokens`, REMEDY)
  const addedTokens = readAddedTokens(json, record(tokenizerConfig), fileName)
  const definition = { normalizer: null, post_processor: null, ...json, model: { ...model, type }, added_tokens: addedTokens }
  if (model.byte_fallback === true) return { definition: { ...definition, ...withoutBlanks(json) }, addedTokens, spelling: sentencePieceSpelling(blankBefore(json, fileName)) }
  checkByteLevel(json, fileName)
  return { definition, addedTokens, spelling: BYTE_LEVEL }
}

function checkVocabulary(vocab: Record<string, unknown>, fileName: string): void {
  const size = Object.keys(vocab).length
  const wrong = Object.entries(vocab).find(([, id]) => !isId(id))
  if (size === 0) throw new InputError(`${fileName} has an empty vocabulary`, REMEDY)
  if (wrong) throw new InputError(`${fileName} token ${quote(wrong[0])} has the id ${quoteValue(wrong[1])}`, REMEDY)
}

function checkByteLevel(json: Record<string, unknown>, fileName: string): void {
  const steps = stepsOf(json.pre_tokenizer, 'pretokenizers')
  const byteLevel = steps.find((step) => step.type === 'ByteLevel')
  if (!byteLevel || !stepsOf(json.decoder, 'decoders').some((step) => step.type === 'ByteLevel')) {
    throw new InputError(`${fileName} is not byte-level`, OTHER_MODEL)
  }
  if (byteLevel.add_prefix_space === true) throw new InputError(`${fileName} sets add_prefix_space, which is not supported`, OTHER_MODEL)
}

/** Where a SentencePiece tokenizer puts a blank before text: a Prepend normaliser (older files) or a Metaspace step says it. */
function blankBefore(json: Record<string, unknown>, fileName: string): BlankBefore {
  const normalisers = stepsOf(json.normalizer, 'normalizers')
  const splitters = stepsOf(json.pre_tokenizer, 'pretokenizers')
  const isKnown = (step: Record<string, unknown>): boolean =>
    (step.type === 'Prepend' && step.prepend === BLANK) || (step.type === 'Replace' && record(step.pattern)?.String === ' ' && step.content === BLANK)
  const odd = normalisers.find((step) => !isKnown(step)) ?? splitters.find((step) => step.type !== 'Metaspace' || (step.replacement ?? BLANK) !== BLANK)
  if (odd) throw new InputError(`${fileName} is of SentencePiece with the step ${quoteValue(odd.type)}, which is not supported`, OTHER_MODEL)
  if (normalisers.some((step) => step.type === 'Prepend')) return 'always'
  const [metaspace] = splitters
  if (!metaspace) return 'never'
  const scheme = metaspace.prepend_scheme ?? (metaspace.add_prefix_space === false ? 'never' : 'always')
  return scheme === 'always' ? 'unless there' : scheme === 'first' ? 'first' : 'never'
}

/** The blanks are put in before the library sees the text; of Metaspace only the cut before each blank is left. */
function withoutBlanks(json: Record<string, unknown>): object {
  const metaspace = stepsOf(json.pre_tokenizer, 'pretokenizers')[0]
  const cut = { type: 'Split', pattern: { Regex: `${BLANK}[^${BLANK}]*|[^${BLANK}]+` }, behavior: 'Isolated', invert: false }
  return { normalizer: null, pre_tokenizer: metaspace !== undefined && metaspace.split !== false ? cut : null }
}

/** A Sequence's parts, or the one step that stands alone. */
function stepsOf(value: unknown, listField: string): Record<string, unknown>[] {
  const step = record(value)
  if (!step) return []
  const list = step[listField]
  return Array.isArray(list) ? list.map(record).filter((part) => part !== null) : [step]
}

/** Those of tokenizer.json, then those that only tokenizer_config.json knows. */
function readAddedTokens(json: Record<string, unknown>, config: Record<string, unknown> | null, fileName: string): AddedToken[] {
  const tokens = new Map<string, AddedToken>()
  const add = (id: unknown, value: unknown): void => {
    const token = record(value)
    if (!isId(id) || typeof token?.content !== 'string' || token.content === '') throw new InputError(`${fileName} has an added token without id or content`, REMEDY)
    // `normalized: false`: Qwen's added tokens are matched in the text as it is written.
    if (!tokens.has(token.content)) tokens.set(token.content, { ...token, normalized: false, id, content: token.content, special: token.special === true } as AddedToken)
  }
  for (const token of Array.isArray(json.added_tokens) ? json.added_tokens : []) add(record(token)?.id, token)
  for (const [id, token] of Object.entries(record(config?.added_tokens_decoder) ?? {})) add(Number(id), token)
  return [...tokens.values()]
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 1 << 24
}

function isMerge(value: unknown): boolean {
  return typeof value === 'string' ? value.includes(' ') : Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
}
