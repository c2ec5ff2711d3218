// What can be written next: features, operators and positions on an edit line; keys and models in a prompt's front matter. Pure.
import { renderFeature } from '../formats/editLine'
import type { ModelListing } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import { rankFeatures, type Describe } from '../features/featureRanking'
import { activationText } from './markdown'

/** A proposal; `insert` replaces what stands from `replaceFrom` (a column of the line) to the cursor. */
export interface Proposal {
  readonly label: string
  readonly detail: string
  readonly insert: string
  readonly replaceFrom: number
}

const SHOWN_FEATURES = 50
/** Tokens are ranked one by one; of a long run the last ones are looked at. */
const LOOKED_AT_TOKENS = 200

/** `linePrefix` is the line up to the cursor; `run` is the newest one, or null. */
export function steerProposals(linePrefix: string, run: RunRecord | null, describe: Describe): Proposal[] {
  if (linePrefix.includes('#')) return []
  const positions = /@\s*([\w,-]*)$/.exec(linePrefix)
  if (positions) return positionProposals(linePrefix.length - positions[1]!.length, run)
  const value = /^\s*L\d+\/\d+\s*(?:=|\+=|\*=)\s*-?[\d.]+\s+$/.exec(linePrefix)
  if (value) return [{ label: '@', detail: 'only on some positions', insert: '@ ', replaceFrom: linePrefix.length }]
  const feature = /^\s*L\d+\/\d+(\s*)([=+*]*)$/.exec(linePrefix)
  if (feature) return operatorProposals(linePrefix.length - feature[2]!.length, feature[1] === '' ? ' ' : '')
  const start = /^(\s*)[L\d/]*$/.exec(linePrefix)
  return start && run ? featureProposals(start[1]!.length, run, describe) : []
}

function featureProposals(replaceFrom: number, run: RunRecord, describe: Describe): Proposal[] {
  const strongest = new Map<string, { readonly strength: number; readonly detail: string }>()
  for (const token of run.tokens.filter(({ outlier }) => !outlier).slice(-LOOKED_AT_TOKENS)) {
    for (const { feature, activation, strength, description } of rankFeatures(run, token.index, describe, 10)) {
      const name = renderFeature(feature)
      if ((strongest.get(name)?.strength ?? -1) >= strength) continue
      const words = description.label === null ? '' : `${description.label} · `
      strongest.set(name, { strength, detail: `${words}${activationText(activation)} on ${JSON.stringify(token.text)}` })
    }
  }
  return [...strongest]
    .sort(([, a], [, b]) => b.strength - a.strength)
    .slice(0, SHOWN_FEATURES)
    .map(([name, { detail }]) => ({ label: name, detail, insert: `${name} = 0`, replaceFrom }))
}

function operatorProposals(replaceFrom: number, gap: string): Proposal[] {
  const proposals = [['= 0', 'suppress'], ['+= 20', 'boost: add to the activation'], ['*= 0.5', 'scale the activation'], ['= 20', 'clamp: hold at a value']] as const
  return proposals.map(([operator, detail]) => ({ label: operator, detail, insert: gap + operator, replaceFrom }))
}

function positionProposals(replaceFrom: number, run: RunRecord | null): Proposal[] {
  const last = run ? run.promptTokens - 1 : null
  const proposals = [
    ['prompt', 'on the prompt only'],
    ['generated', 'on generated tokens only'],
    ['last', `on the last prompt token${last === null ? '' : `, ${last} in the last run`}`],
    ['0-3', 'on token positions, ranges and single ones: 3-7,12'],
    ['12-', 'from a token position on'],
  ] as const
  return proposals.map(([label, detail]) => ({ label, detail, insert: label, replaceFrom }))
}

type Keys = readonly (readonly [key: string, detail: string])[]

const OWN_KEYS: Keys = [
  ['generate', 'tokens to generate'],
  ['temperature', '0 is greedy'],
  ['topP', 'keep the likeliest tokens up to this probability'],
  ['topK', 'keep this many likeliest tokens, 0 for all'],
  ['seed', 'same seed, same completion'],
  ['layers', 'layers whose features are read while it generates'],
  ['edits', 'edit lines that apply to this prompt'],
  ['raw', 'true feeds the text without the chat template'],
  ['template', 'variables of the chat template, such as enable_thinking: false'],
  ['stop', 'texts at which generation ends'],
  ['model', 'checkpoint folder'],
  ['sae', 'SAE set folder'],
]

/** Keys that Promptscope reads, by section of the front matter; `` is the outermost. */
const KEYS_BY_ENDING: readonly (readonly [ending: string, sections: Readonly<Record<string, Keys>>])[] = [
  ['.prompt.md', { '': [['description', 'what the prompt is for'], ['model', 'model that the prompt was written for'], ['promptscope', 'settings of Promptscope']], promptscope: OWN_KEYS }],
  ['.prompty', {
    '': [['name', 'name of the prompt'], ['description', 'what the prompt is for'], ['model', 'model and its parameters'], ['sample', 'values for the template'], ['promptscope', 'settings of Promptscope']],
    model: [['parameters', 'sampling']],
    parameters: [['temperature', '0 is greedy'], ['top_p', 'keep the likeliest tokens up to this probability'], ['max_tokens', 'tokens to generate'], ['seed', 'same seed, same completion'], ['stop', 'texts at which generation ends']],
    promptscope: OWN_KEYS,
  }],
  ['.prompt', {
    '': [['model', 'model that the prompt was written for'], ['config', 'sampling'], ['input', 'values for the template'], ['promptscope', 'settings of Promptscope']],
    config: [['temperature', '0 is greedy'], ['topP', 'keep the likeliest tokens up to this probability'], ['topK', 'keep this many likeliest tokens'], ['maxOutputTokens', 'tokens to generate'], ['stopSequences', 'texts at which generation ends']],
    input: [['default', 'values for the template']],
    promptscope: OWN_KEYS,
  }],
]

/** `lines` are those of the file at `uri`; `line` and `linePrefix` say where the cursor is. Empty outside the front matter. */
export function frontMatterProposals(uri: string, lines: readonly string[], line: number, linePrefix: string, models: readonly ModelListing[]): Proposal[] {
  if (lines[0]?.trim() !== '---' || line === 0) return []
  const end = lines.findIndex((text, index) => index > 0 && text.trim() === '---')
  if (end >= 0 && line >= end) return []
  const path = /^(\s+(?:model|sae):\s*)\S*$/.exec(linePrefix)
  if (path && sectionOf(lines, line) === 'promptscope') return pathProposals(linePrefix.includes('sae:'), path[1]!.length, models)
  const key = /^(\s*)\w*$/.exec(linePrefix)
  const sections = KEYS_BY_ENDING.find(([ending]) => uri.toLowerCase().endsWith(ending))?.[1]
  const keys = sections?.[key?.[1] === '' ? '' : sectionOf(lines, line)]
  return key && keys ? keys.map(([name, detail]) => ({ label: name, detail, insert: `${name}: `, replaceFrom: key[1]!.length })) : []
}

function pathProposals(isSae: boolean, replaceFrom: number, models: readonly ModelListing[]): Proposal[] {
  const found = isSae ? models.flatMap(({ saeSets }) => saeSets.filter(({ matches }) => matches)) : models.filter(({ problem }) => problem === null)
  return found.map(({ name, path }) => ({ label: name, detail: path, insert: path, replaceFrom }))
}

/** The key whose section an indented line belongs to. */
function sectionOf(lines: readonly string[], line: number): string {
  const indent = (text: string): number => text.length - text.trimStart().length
  const own = indent(lines[line] ?? '')
  for (let above = line - 1; above > 0; above--) {
    const text = lines[above]!
    if (text.trim() !== '' && indent(text) < own) return /^\s*(\w+):/.exec(text)?.[1] ?? ''
  }
  return ''
}
