// What can be written next: features, operators and positions on an edit line; keys and models in a prompt's front matter. Pure.
import { renderFeature } from '../formats/editLine'
import type { ModelListing, RunDetail } from '../protocol/requests'
import { rankFeatures, type Describe } from './featureRanking'
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
export function steerProposals(linePrefix: string, run: RunDetail | null, describe: Describe): Proposal[] {
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

function featureProposals(replaceFrom: number, run: RunDetail, describe: Describe): Proposal[] {
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

function positionProposals(replaceFrom: number, run: RunDetail | null): Proposal[] {
  const last = run ? run.promptTokens - 1 : null
  const proposals = [
    ['prompt', 'on the prompt only'],
    ['generated', 'on generated tokens only'],
    ['last', `on the last prompt token${last === null ? '' : `, ${last} in the last run`}`],
    ['0-3', 'on token positions, ranges and single ones: 3-7,12'],
  ] as const
  return proposals.map(([label, detail]) => ({ label, detail, insert: label, replaceFrom }))
}

/** Keys that Promptscope reads, by kind of prompt file, with what each means. */
const FRONT_MATTER_KEYS: readonly (readonly [key: string, detail: string])[] = []

/** `lines` are those of the file at `uri`; `line` and `linePrefix` say where the cursor is. */
export function frontMatterProposals(uri: string, lines: readonly string[], line: number, linePrefix: string, models: readonly ModelListing[]): Proposal[] {
  if (lines[0]?.trim() !== '---' || line === 0) return []
  const end = lines.findIndex((text, index) => index > 0 && text.trim() === '---')
  if (end >= 0 && line >= end) return []
  const model = /^(\s*model:\s*)\S*$/.exec(linePrefix)
  if (model) return models.filter(({ problem }) => problem === null).map(({ name, path }) => ({ label: name, detail: path, insert: name, replaceFrom: model[1]!.length }))
  const key = /^(\s*)[\w]*$/.exec(linePrefix)
  return key ? FRONT_MATTER_KEYS.map(([name, detail]) => ({ label: name, detail, insert: `${name}: `, replaceFrom: key[1]!.length })) : []
}
