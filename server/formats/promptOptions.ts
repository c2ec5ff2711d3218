// Takes what a front matter says about a run: sampling, tokens to generate, model, edits; wherever each format keeps it.
import type { Edit, TextRange } from '../protocol/values'
import { parseEditLine } from './editLine'
import type { FrontMatter, YamlPath } from './frontMatter'
import { nearestKey } from './nearestKey'
import type { Problem } from './problem'
import type { Located, PromptFrontMatter } from './promptFile'
import { quoteValue } from './quote'

/** Where a format keeps the options that all formats have; the first place that has a value wins. */
export interface OptionPlaces {
  readonly model: readonly YamlPath[]
  readonly temperature: readonly YamlPath[]
  readonly topP: readonly YamlPath[]
  readonly topK: readonly YamlPath[]
  readonly seed: readonly YamlPath[]
  readonly maxTokens: readonly YamlPath[]
  readonly stop: readonly YamlPath[]
}

export interface PromptOptions {
  readonly frontMatter: PromptFrontMatter
  /** `promptscope: raw: true`. */
  readonly raw: boolean
  readonly problems: readonly Problem[]
}

/** Keys that our own section may have. */
const OWN_KEYS = ['model', 'sae', 'temperature', 'topP', 'topK', 'seed', 'generate', 'stop', 'layers', 'edits', 'raw', 'template']

/** Variables of every chat template whose values follow from the prompt itself. */
const GIVEN_VARIABLES = ['messages', 'add_generation_prompt']

const whole = { check: (value: number) => Number.isSafeInteger(value) && value >= 0, expected: 'a whole number, 0 or more' }
const NUMBERS = {
  temperature: { check: (value: number) => value >= 0 && value <= 100, expected: 'a number of 0 to 100' },
  topP: { check: (value: number) => value > 0 && value <= 1, expected: 'a number above 0, at most 1' },
  topK: whole,
  seed: whole,
  maxTokens: whole,
} as const

/** Reads the options; the `promptscope:` section goes before the format's own places. Values of the wrong kind are problems and left out. */
export function readPromptOptions(yaml: FrontMatter, places: OptionPlaces): PromptOptions {
  const problems: Problem[] = []
  const problem = (path: YamlPath, message: string, remedy: string, severity: Problem['severity'] = 'error'): void => {
    problems.push({ severity, message: `front matter ${path.join('.')} ${message}`, remedy, range: yaml.range(path) })
  }
  const find = (own: string, others: readonly YamlPath[]): YamlPath | undefined => [['promptscope', own], ...others].find((path) => (yaml.value(path) ?? null) !== null)
  const take = <Value>(path: YamlPath | undefined, isRight: (value: unknown) => value is Value, expected: string): Located<Value> | undefined => {
    if (!path) return undefined
    const value = yaml.value(path)
    if (isRight(value)) return { value, range: yaml.range(path) }
    problem(path, `is ${quoteValue(value)}, not ${expected}`, `write ${expected}`)
    return undefined
  }
  const number = (name: keyof typeof NUMBERS, own: string = name): Located<number> | undefined =>
    take(find(own, places[name]), (value): value is number => typeof value === 'number' && NUMBERS[name].check(value), NUMBERS[name].expected)

  const section = yaml.value(['promptscope'])
  if (section !== undefined && section !== null && (typeof section !== 'object' || Array.isArray(section))) problem(['promptscope'], `is ${quoteValue(section)}, not a section of keys`, 'write keys under it')
  else for (const key of Object.keys(section ?? {})) if (!OWN_KEYS.includes(key)) problem(['promptscope', key], 'is no key of Promptscope', `write one of ${OWN_KEYS.join(', ')}`, 'warning')
  for (const { path, meant } of slips(yaml, places)) problem(path, 'is not known and changes nothing', `write ${meant}, if that is meant`, 'warning')

  const frontMatter: { -readonly [Key in keyof PromptFrontMatter]: PromptFrontMatter[Key] | undefined } = {
    model: take(find('model', places.model), isText, 'a text'),
    sae: take(find('sae', []), isText, 'a text'),
    temperature: number('temperature'),
    topP: number('topP'),
    topK: number('topK'),
    seed: number('seed'),
    maxTokens: number('maxTokens', 'generate'),
    stop: listed(take(find('stop', places.stop), isTextOrTexts, 'a text or a list of texts')),
    layers: take(find('layers', []), isLayers, 'a list of layer numbers'),
    edits: readEdits(yaml, take, problems),
    template: take(find('template', []), isTemplateVariables, `a section of the chat template's variables, without ${GIVEN_VARIABLES.join(' and ')}`),
  }
  const raw = take(find('raw', []), (value): value is boolean => typeof value === 'boolean', 'true or false')
  return { frontMatter: withoutUndefined(frontMatter), raw: raw?.value ?? false, problems }
}

/** Keys beside those that are read which look like slips of them. Others are left alone: prompt files carry settings for many services. */
function slips(yaml: FrontMatter, places: OptionPlaces): { readonly path: YamlPath; readonly meant: string }[] {
  const sections = new Map<string, { readonly path: YamlPath; readonly known: string[] }>()
  for (const path of (Object.values(places) as (readonly YamlPath[])[]).flat()) {
    if (path.length < 2) continue
    const section = sections.get(path.slice(0, -1).join('.')) ?? { path: path.slice(0, -1), known: [] }
    section.known.push(String(path.at(-1)))
    sections.set(section.path.join('.'), section)
  }
  return [...sections.values()].flatMap(({ path, known }) => {
    const section = yaml.value(path)
    if (typeof section !== 'object' || section === null || Array.isArray(section)) return []
    return Object.keys(section).flatMap((key) => {
      const meant = known.includes(key) ? null : nearestKey(key, known)
      return meant === null ? [] : [{ path: [...path, key], meant }]
    })
  })
}

type Take = <Value>(path: YamlPath | undefined, isRight: (value: unknown) => value is Value, expected: string) => Located<Value> | undefined

function readEdits(yaml: FrontMatter, take: Take, problems: Problem[]): Located<Edit>[] | undefined {
  const path = ['promptscope', 'edits']
  if ((yaml.value(path) ?? null) === null) return undefined
  const lines = take(path, isTextOrTexts, 'a list of edit lines such as L14/6159 = 0')
  if (!lines) return undefined
  const edits: Located<Edit>[] = []
  ;[lines.value].flat().forEach((line, index) => {
    const range = typeof lines.value === 'string' ? lines.range : yaml.range([...path, index])
    const parsed = parseEditLine(line)
    if (parsed.edit) edits.push({ value: parsed.edit, range })
    else problems.push({ ...parsed.problem, range: within(range, parsed.problem.range, line) })
  })
  return edits
}

/** The place inside an edit line, when the YAML holds the line without quotes or escapes. */
function within(value: TextRange, part: TextRange, line: string): TextRange {
  return value.end - value.start === line.length ? { start: value.start + part.start, end: value.start + part.end } : value
}

function listed(found: Located<string | string[]> | undefined): Located<string[]> | undefined {
  return found && { value: [found.value].flat(), range: found.range }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function isTextOrTexts(value: unknown): value is string | string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((entry) => typeof entry === 'string'))
}

function isLayers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((layer) => Number.isSafeInteger(layer) && (layer as number) >= 0)
}

function isTemplateVariables(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.keys(value).some((name) => GIVEN_VARIABLES.includes(name))
}

function withoutUndefined<Fields extends object>(fields: Fields): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [Key in keyof Fields]: Exclude<Fields[Key], undefined> }
}
