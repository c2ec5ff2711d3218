// The token hover, where most looking happens: the token, what else could have stood there, and its most telling features with what to do about them.
import { renderFeature } from '../formats/editLine'
import { rangesText } from '../formats/rangesText'
import {
  boostFeatureCommand, breakWhenFiresCommand, commandLink, openScopeCommand, pinFeatureCommand, readAllLayersCommand, showFeatureCommand, suggestSuppressionsCommand, suppressFeatureCommand, unpinFeatureCommand, type FeaturePlace,
} from '../protocol/editorCommands'
import type { BarMeasure, PinsAndEdits, RunToken } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { FeatureDescription, FeatureId } from '../protocol/values'
import { isWhereFaultBegins } from '../features/faultSuspects'
import { firstWords } from '../features/firstWords'
import { featureOnToken, type Describe, type RankedFeature } from '../features/featureRanking'
import { tellingFeatures } from '../features/tellingFeatures'
import type { Fault } from '../runs/detectors'
import { activationText, bar, code, columnsOf, cut, escapeMarkdown, link, percent, smallBar } from './markdown'

export interface TokenHoverSubject {
  readonly run: RunRecord
  readonly token: RunToken
  readonly describe: Describe
  readonly pinsAndEdits: Pick<PinsAndEdits, 'pins'>
  /** What went wrong in the run. */
  readonly faults: readonly Fault[]
  /** Layers of the run that are being read. */
  readonly reading: readonly number[]
}

// The editor shows a hover 250 pixels high and, in half a window, 460 wide before it scrolls or wraps: one line per feature fits.
const SHOWN_FEATURES = 6
const SHOWN_ALTERNATIVES = 5
const BAR_WIDTH = 6
const WORDS_WIDTH = 7
const NO_BREAK = '\u00a0'
/** Alternatives below this are left out. */
const LEAST_PROBABILITY = 0.005

/** The hover of one token as markdown whose links run editor commands. */
export function renderTokenHover(subject: TokenHoverSubject): string {
  return [heading(subject), alternatives(subject), caution(subject), faultLine(subject), features(subject), footer(subject)].filter((part) => part !== null).join('\n\n')
}

function heading({ run, token }: TokenHoverSubject): string {
  const probability = token.logprob === null ? '' : ` · probability ${percent(token.logprob)}`
  const joined = token.text === '' ? ' · part of a character' : ''
  return `${code(token.text === '' ? token.display : token.text)} **token ${token.index}** of ${run.tokens.length} · ${token.generated ? 'generated' : 'prompt'}${probability}${joined}`
}

function caution({ token }: TokenHoverSubject): string | null {
  if (!token.outlier) return null
  const where = token.index === 0 ? 'position 0' : 'outlier: the residual is far longer here than on other tokens'
  return `⚠ ${where}; features here are out of distribution`
}

/** Says what begins to go wrong on this token, with the way to what can be done. */
function faultLine({ run, token, faults }: TokenHoverSubject): string | null {
  const fault = faultThatBegins(run, token, faults)
  if (!fault) return null
  const words = fault.kind === 'loop' ? 'the loop begins here' : `the switch to ${fault.script} begins here`
  return `⚠ ${words} · [Suggest what to suppress](${commandLink(suggestSuppressionsCommand, run.id)})`
}

function faultThatBegins(run: RunRecord, token: RunToken, faults: readonly Fault[]): Fault | undefined {
  return faults.find((fault) => isWhereFaultBegins(run, fault, token.index))
}

function features(subject: TokenHoverSubject): string {
  const { run, token, describe, pinsAndEdits, faults } = subject
  if (run.sae === null) return 'No SAE set belongs to this model, so there are no features to show.'
  const pins = pinsAndEdits.pins.filter(({ layer }) => run.saeLayers.includes(layer))
  const pinned = pins.filter(({ layer }) => run.layers.includes(layer)).map((feature) => featureOnToken(run, token.index, feature, describe))
  const unread = pins.filter(({ layer }) => !run.layers.includes(layer)).map((feature) => unreadRow(subject, feature))
  const namesPinned = new Set(pinned.map(({ feature }) => renderFeature(feature)))
  const { measure, features: telling } = tellingFeatures(run, token.index, describe, faults)
  const others = telling.filter(({ feature }) => !namesPinned.has(renderFeature(feature))).slice(0, SHOWN_FEATURES)
  if (pinned.length + unread.length + others.length === 0) return run.layers.length > 0 ? 'No feature fires on this token.' : 'No layer of this run has been read.'
  const rows = [
    ...pinned.map((feature) => featureRow(subject, feature, measure, 'pinned')),
    ...unread,
    ...others.map((feature) => featureRow(subject, feature, measure, feature.isSuspect ? 'suspect' : 'telling')),
  ]
  return [`| feature | ${MEASURE_WORDS[measure]} | fires${NO_BREAK}on | |`, '|:--|:--|:--|:--|', ...rows].join('\n')
}

/** What a bar is a share of; a head that wrapped would take the room of a feature. */
const MEASURE_WORDS: Readonly<Record<BarMeasure, string>> = { strength: `of${NO_BREAK}max`, share: `of${NO_BREAK}layer` }

/** Why a row stands where it does. */
type RowKind = 'pinned' | 'suspect' | 'telling'
const ROW_SIGNS: Readonly<Record<RowKind, string>> = { pinned: `$(pin)${NO_BREAK}`, suspect: `⚠${NO_BREAK}`, telling: '' }

function featureRow({ run, token }: TokenHoverSubject, ranked: RankedFeature, measure: BarMeasure, kind: RowKind): string {
  const { feature, activation, activationAfterEdit, description } = ranked
  const place: FeaturePlace = { runId: run.id, feature, tokenIndex: token.index }
  const edited = run.edits.find(({ edit, firedAt }) => edit.startsWith(`${renderFeature(feature)} `) && firedAt.includes(token.index))
  const after = edited && activationAfterEdit !== null ? `${NO_BREAK}→${NO_BREAK}${activationText(activationAfterEdit)}` : ''
  const tip = kind === 'suspect' ? `fires more where the completion goes wrong than before; ${facts(description)}` : facts(description)
  const name = `${ROW_SIGNS[kind]}${link(renderFeature(feature), commandLink(showFeatureCommand, place), tip)}`
  const links = [
    link('Suppress', commandLink(suppressFeatureCommand, place), 'Set it to 0 and re-run'),
    link('Boost', commandLink(boostFeatureCommand, place), 'Add to it and re-run'),
    kind === 'pinned' ? link('Unpin', commandLink(unpinFeatureCommand, place), 'Stop keeping it in view') : link('Pin', commandLink(pinFeatureCommand, place), 'Keep it in view'),
    link('Show', commandLink(showFeatureCommand, place), 'Show its activation over the text'),
    link('Break', commandLink(breakWhenFiresCommand, place), 'Stop in the debugger when it fires'),
  ]
  const about = edited ? `*edit: ${escapeMarkdown(edited.edit)}*` : escapeMarkdown(shortWords(description)).replaceAll(' ', NO_BREAK)
  return `| ${name} | \`${bar(ranked[measure], BAR_WIDTH)}\`${NO_BREAK}${activationText(activation)}${after} | ${about} | ${links.join(`${NO_BREAK}·${NO_BREAK}`)} |`
}

/** A pinned feature whose layer has not been read says so: 0 would be a number that is not known. */
function unreadRow({ run, token, describe, reading }: TokenHoverSubject, feature: FeatureId): string {
  const place: FeaturePlace = { runId: run.id, feature, tokenIndex: token.index }
  const name = `${ROW_SIGNS.pinned}${link(renderFeature(feature), commandLink(showFeatureCommand, place), facts(describe(feature)))}`
  const state = reading.includes(feature.layer) ? `reading layer ${feature.layer}…` : `layer ${feature.layer} not read`
  return `| ${name} | ${state.replaceAll(' ', NO_BREAK)} | | ${link('Unpin', commandLink(unpinFeatureCommand, place), 'Stop keeping it in view')}${NO_BREAK}·${NO_BREAK}${link('Show', commandLink(showFeatureCommand, place), 'Read its layer and show its activation over the text')} |`
}

/** The label's first words where they fit, `English` of `English 61 %, code 12 % · the, of`; else the tokens that the feature fires on most, which say more than half a label. */
function shortWords({ label, tokens }: FeatureDescription): string {
  const first = label === null ? '' : firstWords(label)
  const fits = first !== '' && columnsOf(first) <= WORDS_WIDTH
  return cut(fits || tokens.length === 0 ? first : tokens.slice(0, 3).map((text) => text.trim()).join(', '), WORDS_WIDTH)
}

/** All that is known of a feature, for the tip of its link. */
function facts({ label, tokens, density, typicalActivation, maxActivation }: FeatureDescription): string {
  const parts = [
    label,
    tokens.length > 0 ? `strongest on ${tokens.slice(0, 5).map((text) => text.trim()).join(', ')}` : null,
    density === null ? null : `fires on ${Number((density * 100).toPrecision(2))} % of tokens`,
    typicalActivation === null ? null : `usually ${activationText(typicalActivation)}`,
    maxActivation === null ? null : `at most ${activationText(maxActivation)}`,
  ]
  return parts.filter((part) => part !== null).join('; ') || 'no label is known'
}

function alternatives({ token }: TokenHoverSubject): string | null {
  const shown = token.alternatives.slice(0, SHOWN_ALTERNATIVES).filter(({ logprob }, place) => place === 0 || Math.exp(logprob) >= LEAST_PROBABILITY)
  if (shown.length === 0) return null
  const words = shown.map(({ id, text, logprob }) => `${smallBar(Math.exp(logprob))}${NO_BREAK}${code(text)}${NO_BREAK}${percent(logprob)}${id === token.id ? `${NO_BREAK}◀` : ''}`)
  return `could stand here: ${words.join(' · ')}`
}

function footer({ run, token }: TokenHoverSubject): string {
  const missing = run.saeLayers.length - run.layers.length
  const layers = missing <= 0 || run.status.kind === 'running' ? '' : ` · ${run.layers.length === 1 ? 'layer' : 'layers'} ${rangesText(run.layers)} of ${run.saeLayers.length}: [Read all](${commandLink(readAllLayersCommand, run.id)})`
  const transfer = run.model.precision === 'q4' ? ' · q4: activations are approximate' : ''
  return `${escapeMarkdown(run.name)}${transfer}${layers} · [Open in Scope](${commandLink(openScopeCommand, { runId: run.id, tokenIndex: token.index })})`
}
