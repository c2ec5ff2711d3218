// The options that `trace` and `suggest` share: which prompt, which model, how to run it.
import { basename } from 'node:path'
import { checkProviders } from '../engine/providers/providers'
import { MOST_PROMPT_BYTES } from '../formats/promptSize'
import { decodeUtf8 } from '../formats/utf8Text'
import { InputError } from '../protocol/errors'
import type { PrecisionChoice } from '../protocol/values'
import type { RunChoices } from '../runs/runSettings'
import { readEdit, readSteerFile } from '../worker/readEdits'
import { readTextFile } from '../worker/readTextFile'
import type { Options, OptionSpecs } from './options'
import { UsageError } from './usageError'

export const RUN_OPTION_SPECS: OptionSpecs = {
  text: { type: 'string' },
  'token-ids': { type: 'string' },
  raw: { type: 'boolean' },
  chat: { type: 'boolean' },
  model: { type: 'string' },
  sae: { type: 'string' },
  precision: { type: 'string' },
  providers: { type: 'string' },
  generate: { type: 'string' },
  temperature: { type: 'string' },
  'top-p': { type: 'string' },
  'top-k': { type: 'string' },
  seed: { type: 'string' },
  edit: { type: 'string', multiple: true },
  steer: { type: 'string', multiple: true },
  layers: { type: 'string' },
  top: { type: 'string' },
  json: { type: 'boolean' },
}

/** Where the prompt comes from, before it is read. */
export type PromptSource =
  | { readonly kind: 'file'; readonly path: string; readonly name: string; readonly mode: 'auto' | 'raw' | 'chat' }
  | { readonly kind: 'text'; readonly text: string; readonly name: string; readonly mode: 'raw' | 'chat' }
  | { readonly kind: 'tokenIds'; readonly tokenIds: readonly number[]; readonly name: string }

export interface ModelChoice {
  /** Null means the prompt file's, or the demo model. */
  readonly model: string | null
  /** Null means the set that belongs to the model, if there is one. */
  readonly sae: string | null
  readonly precision: PrecisionChoice
  readonly providers: readonly string[]
}

export function readPromptSource(options: Options): PromptSource {
  const [file, ...more] = options.positionals
  const text = options.string('text')
  const tokenIds = options.wholes('token-ids')
  if (more.length > 0) throw new UsageError(`only one prompt file can be run at a time, not also ${more[0]}`)
  const given = [file, text, tokenIds].filter((source) => source !== null && source !== undefined)
  if (given.length !== 1) throw new UsageError(given.length === 0 ? 'a prompt is missing' : 'a prompt file, --text and --token-ids exclude each other')
  if (options.has('raw') && options.has('chat')) throw new UsageError('--raw and --chat exclude each other')
  if (tokenIds) {
    if (options.has('chat')) throw new UsageError('--token-ids go in as they are, so --chat has no use')
    return { kind: 'tokenIds', tokenIds, name: 'token ids' }
  }
  if (text !== null) return { kind: 'text', text, name: 'text', mode: options.has('chat') ? 'chat' : 'raw' }
  return { kind: 'file', path: file!, name: file === '-' ? 'stdin' : basename(file!), mode: options.has('raw') ? 'raw' : options.has('chat') ? 'chat' : 'auto' }
}

/** The text of a prompt file or of stdin. */
export async function readPromptText(source: PromptSource & { kind: 'file' }, signal: AbortSignal): Promise<string> {
  if (source.path !== '-') return readTextFile('prompt file', source.path)
  const chunks: Buffer[] = []
  let size = 0
  signal.addEventListener('abort', () => process.stdin.destroy(), { once: true })
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    // Leaving the loop closes stdin: whoever writes without end is not listened to.
    if (size > MOST_PROMPT_BYTES) throw new InputError(`prompt on stdin has more than the ${MOST_PROMPT_BYTES / 1e6} MB that a prompt may have`, 'shorten it')
  }
  return decodeUtf8(Buffer.concat(chunks), 'prompt on stdin')
}

export function readModelChoice(options: Options): ModelChoice {
  return {
    model: options.string('model'),
    sae: options.string('sae'),
    precision: options.choice('precision', ['exact', 'q8', 'q4', 'auto'] as const) ?? 'exact',
    providers: checkProviders(options.string('providers')?.split(',').map((name) => name.trim()).filter((name) => name !== '') ?? ['cpu']),
  }
}

/** What the flags say about the run; edit lines that cannot be read are bad input, named with file and line. */
export async function readRunChoices(options: Options): Promise<RunChoices> {
  const layers = options.string('layers') === 'all' ? [] : options.wholes('layers')
  const steered = await Promise.all(options.strings('steer').map(readSteerFile))
  const choices = {
    generate: options.whole('generate', 0),
    temperature: options.number('temperature', 0),
    topP: options.number('top-p', 0),
    topK: options.whole('top-k', 0),
    seed: options.whole('seed', 0),
    layers,
    edits: [...steered.flat(), ...options.strings('edit').map(readEdit)],
  }
  if (choices.topP !== null && (choices.topP === 0 || choices.topP > 1)) throw new UsageError(`--top-p takes a number above 0 and at most 1, not ${choices.topP}`)
  return Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== null))
}
