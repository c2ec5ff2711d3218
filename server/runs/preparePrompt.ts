// Turns a prompt file into what the model is fed: token ids, each with its place in the fed text and in the file. Pure.
import { renderChat } from '../formats/chatTemplate'
import type { Problem } from '../formats/problem'
import { parsePromptFile, type PromptFile, type PromptMessage, type PromptSegment } from '../formats/promptFile'
import { checkPromptSize } from '../formats/promptSize'
import { quote } from '../formats/quote'
import type { Tokenizer } from '../formats/tokenizer'
import { InputError } from '../protocol/errors'
import type { RunDetail } from '../protocol/requests'
import type { TextRange } from '../protocol/values'
import type { RunChoices } from './runSettings'

/** The parts of a tokenizer that runs need. */
export type RunTokenizer = Pick<Tokenizer, 'encode' | 'leastTokens' | 'pieces' | 'display' | 'idOf' | 'createTextStream'>

/** What turns a prompt into ids: the model's tokenizer and its chat template, null when it has none. */
export interface PromptModel {
  readonly tokenizer: RunTokenizer
  readonly chatTemplate: string | null
  /** What a raw text begins with; nothing when absent. */
  readonly textPrefix?: string
  /** Further variables of the chat template, such as `bos_token`. */
  readonly templateVariables?: Readonly<Record<string, string>>
  /** Tokens that the model can read, where known: a text that is far longer is refused before it is cut into tokens. */
  readonly contextLength?: number
}

/** `auto` renders a file with roles through the chat template and feeds any other as it is. */
export type PromptMode = 'auto' | 'raw' | 'chat'

/** A token that is fed. `range` is in the rendered text, `promptRange` in the prompt file; null where the file has no such place. */
export interface PreparedToken {
  readonly id: number
  readonly text: string
  readonly display: string
  readonly range: TextRange
  readonly promptRange: TextRange | null
}

export interface PreparedPrompt {
  readonly ids: readonly number[]
  readonly tokens: readonly PreparedToken[]
  readonly renderedText: string
  /** What the front matter says about the run. */
  readonly choices: RunChoices
  /** Warnings; a file with errors is not prepared. */
  readonly problems: readonly Problem[]
}

export interface PromptInput {
  readonly fileName: string
  readonly text: string
  readonly promptModel: PromptModel
  readonly mode: PromptMode
}

/** Throws InputError for a file with errors (named `file:line`), an empty prompt, a chat for a model that has no chat template, and a text that no context holds. */
export function preparePrompt({ fileName, text, promptModel, mode }: PromptInput): PreparedPrompt {
  checkPromptSize(text.length, `prompt file ${fileName}`)
  const file = parsePromptFile(fileName, text)
  const error = file.problems.find((problem) => problem.severity === 'error')
  if (error) throw new InputError(`${fileName}:${lineOf(text, error.range.start)} ${error.message}`, error.remedy)
  const isChat = mode === 'chat' || (mode === 'auto' && file.mode === 'chat')
  const rendered = isChat ? renderAsChat(`prompt ${fileName}`, file.messages, promptModel, file.frontMatter.template?.value) : renderRaw(file.messages, promptModel)
  const { choices, problems } = readChoices(file, promptModel)
  const unread = isChat ? unreadVariables(file, promptModel) : []
  return { ...tokenize(rendered, promptModel), choices, problems: [...file.problems, ...problems, ...unread] }
}

/** A prompt that is given as text, not as a file: fed to the last character, or as the user's message of a chat. Throws InputError when it is empty. */
export function prepareText(text: string, promptModel: PromptModel, mode: 'raw' | 'chat'): PreparedPrompt {
  if (text === '') throw new InputError('prompt is empty', 'write some text')
  checkPromptSize(text.length, 'prompt')
  const messages: PromptMessage[] = [{ role: '', segments: [{ text, source: null }] }]
  const rendered = mode === 'chat' ? renderAsChat('prompt', messages, promptModel) : renderRaw(messages, promptModel)
  return { ...tokenize(rendered, promptModel), choices: {}, problems: [] }
}

/** A prompt that is given as token ids. Throws InputError when there is none; the engine refuses ids that the model does not have. */
export function prepareTokenIds(ids: readonly number[], tokenizer: RunTokenizer): PreparedPrompt {
  if (ids.length === 0) throw new InputError('prompt has no token ids', 'give at least one')
  let end = 0
  const tokens = tokenizer.pieces(ids).map(({ text, display }, index): PreparedToken => {
    const start = end
    end += text.length
    return { id: ids[index]!, text, display, range: { start, end }, promptRange: null }
  })
  return { ids, tokens, renderedText: tokens.map((token) => token.text).join(''), choices: {}, problems: [] }
}

/** The prompt of an earlier run, to be run again as it was. */
export function promptOfRun(run: Pick<RunDetail, 'tokens'>): PreparedPrompt {
  const tokens = run.tokens.filter((token) => !token.generated).map(({ id, text, display, range, promptRange }) => ({ id, text, display, range, promptRange }))
  return { ids: tokens.map((token) => token.id), tokens, renderedText: tokens.map((token) => token.text).join(''), choices: {}, problems: [] }
}

/** A stretch of the rendered text and the stretch of the file that it came from; of equal length where it was copied as it is. */
interface Place {
  readonly start: number
  readonly end: number
  readonly file: TextRange
}

interface Rendered {
  readonly renderedText: string
  /** In order, without overlaps. */
  readonly places: readonly Place[]
  /** Length of the model's own beginning: the text behind it is cut into tokens as if it stood alone. */
  readonly prefixLength?: number
}

function renderAsChat(subject: string, messages: readonly PromptMessage[], { chatTemplate, templateVariables }: PromptModel, variables?: Readonly<Record<string, unknown>>): Rendered {
  if (chatTemplate === null) throw new InputError(`${subject} needs a chat template and the model has none`, 'choose a chat model, or feed the text as it is with --raw')
  const contents = messages.map(({ segments }) => joinSegments(segments))
  const turns = messages.map(({ role }, index) => ({ role: role || 'user', content: contents[index]!.renderedText }))
  // A file that ends with words of the assistant wants them continued.
  const isContinued = turns.at(-1)?.role === 'assistant'
  const { text, spans } = renderChat(chatTemplate, turns, { addGenerationPrompt: !isContinued, variables: { ...templateVariables, ...variables } })
  const lastSpan = spans.findLast((span) => span.messageIndex === turns.length - 1)
  const renderedText = isContinued && lastSpan ? text.slice(0, lastSpan.end) : text
  return { renderedText, places: spans.flatMap((span) => movePlaces(contents[span.messageIndex]!.places, span)) }
}

/** The places of a message's content, where that content stands in the rendered text. */
function movePlaces(places: readonly Place[], span: { readonly contentOffset: number; readonly start: number; readonly end: number }): Place[] {
  const contentEnd = span.contentOffset + span.end - span.start
  const shift = span.start - span.contentOffset
  return places.flatMap((place) => {
    const start = Math.max(place.start, span.contentOffset)
    const end = Math.min(place.end, contentEnd)
    if (start >= end) return []
    return [{ start: start + shift, end: end + shift, file: fileRange(place, start, end) }]
  })
}

/** Turns of a chat that is fed raw stand apart by a blank line. A text that already begins as the model wants is not given that beginning twice. */
function renderRaw(messages: readonly PromptMessage[], { textPrefix = '' }: PromptModel): Rendered {
  const segments = messages.flatMap((message, index) => (index === 0 ? message.segments : [{ text: '\n\n', source: null }, ...message.segments]))
  const rendered = joinSegments(segments)
  const whole = rendered.renderedText.startsWith(textPrefix) ? rendered : joinSegments([{ text: textPrefix, source: null }, ...segments])
  return { ...whole, prefixLength: textPrefix.length }
}

function joinSegments(segments: readonly PromptSegment[]): Rendered {
  let renderedText = ''
  const places: Place[] = []
  for (const { text, source } of segments) {
    if (source) places.push({ start: renderedText.length, end: renderedText.length + text.length, file: source })
    renderedText += text
  }
  return { renderedText, places }
}

/** The stretch of the file for a part of a place: exact where text was copied, the whole stretch where it was replaced. */
function fileRange({ start, end, file }: Place, partStart: number, partEnd: number): TextRange {
  if (file.end - file.start !== end - start) return file
  return { start: file.start + partStart - start, end: file.start + partEnd - start }
}

/** From the first to the last place in the file that a token covers; null when it covers none. */
function placeInFile(places: readonly Place[], start: number, end: number): TextRange | null {
  const touched = places.filter((place) => place.start < end && start < place.end).map((place) => fileRange(place, Math.max(start, place.start), Math.min(end, place.end)))
  if (touched.length === 0) return null
  return { start: Math.min(...touched.map((range) => range.start)), end: Math.max(...touched.map((range) => range.end)) }
}

function tokenize({ renderedText, places, prefixLength = 0 }: Rendered, { tokenizer, contextLength = Infinity }: PromptModel): Pick<PreparedPrompt, 'ids' | 'tokens' | 'renderedText'> {
  const least = tokenizer.leastTokens(renderedText)
  if (least > contextLength) throw new InputError(`prompt has at least ${least} tokens and the model's context holds ${contextLength}`, 'shorten the prompt')
  const text = tokenizer.encode(renderedText.slice(prefixLength)).map(({ id, start, end }) => ({ id, start: start + prefixLength, end: end + prefixLength }))
  const tokens = [...tokenizer.encode(renderedText.slice(0, prefixLength)), ...text].map(({ id, start, end }): PreparedToken => ({
    id,
    text: renderedText.slice(start, end),
    display: tokenizer.display(id),
    range: { start, end },
    promptRange: placeInFile(places, start, end),
  }))
  return { ids: tokens.map((token) => token.id), tokens, renderedText }
}

/** What the front matter says about the run. The engine stops at tokens only, so a stop text that is no token is a warning. */
function readChoices({ frontMatter }: PromptFile, { tokenizer }: PromptModel): { choices: RunChoices; problems: Problem[] } {
  const problems: Problem[] = []
  const stopIds: number[] = []
  for (const text of frontMatter.stop?.value ?? []) {
    const id = tokenizer.idOf(text)
    if (id !== null) stopIds.push(id)
    else problems.push({ severity: 'warning', message: `front matter stop ${quote(text)} is not one token of this model, so it stops nothing`, remedy: 'stop at a token such as <|im_end|>', range: frontMatter.stop!.range })
  }
  const { temperature, topP, topK, seed, maxTokens, layers, edits } = frontMatter
  return {
    choices: {
      ...(temperature && { temperature: temperature.value }),
      ...(topP && { topP: topP.value }),
      ...(topK && { topK: topK.value }),
      ...(seed && { seed: seed.value }),
      ...(maxTokens && { generate: maxTokens.value }),
      ...(layers && { layers: layers.value }),
      ...(edits && { edits: edits.map(({ value }) => value) }),
      ...(stopIds.length > 0 && { stopIds }),
    },
    problems,
  }
}

/** A variable that the chat template never names changes nothing: a slip, or another model's. */
function unreadVariables({ frontMatter: { template } }: PromptFile, { chatTemplate }: PromptModel): Problem[] {
  if (!template) return []
  const names = new Set(chatTemplate?.match(/\w+/g))
  return Object.keys(template.value).filter((name) => !names.has(name)).map((name) => ({
    severity: 'warning', message: `front matter promptscope.template.${name} is not read by the chat template of this model, so it changes nothing`, remedy: 'remove it, or correct its name', range: template.range,
  }))
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
