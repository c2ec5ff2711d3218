// The token hover, where most looking happens: the token, what else could have stood there, and its most telling features with what to do about them.
import { renderFeature } from '../formats/editLine'
import {
  boostFeatureCommand, commandLink, openScopeCommand, pinFeatureCommand, showFeatureCommand, suppressFeatureCommand, unpinFeatureCommand, type FeaturePlace,
} from '../protocol/editorCommands'
import type { PinsAndEdits, RunDetail, RunToken } from '../protocol/requests'
import { featureOnToken, rankFeatures, type Describe, type RankedFeature } from './featureRanking'
import { activationText, bar, codeCell, escapeMarkdown, percent } from './markdown'

export interface TokenHoverSubject {
  readonly run: RunDetail
  readonly token: RunToken
  readonly describe: Describe
  readonly pinsAndEdits: Pick<PinsAndEdits, 'pins'>
}

const SHOWN_FEATURES = 8
const SHOWN_ALTERNATIVES = 5
const BAR_WIDTH = 8

/** The hover of one token as markdown whose links run editor commands. */
export function renderTokenHover(subject: TokenHoverSubject): string {
  return [heading(subject), caution(subject), features(subject), alternatives(subject), footer(subject)].filter((part) => part !== null).join('\n\n')
}

function heading({ run, token }: TokenHoverSubject): string {
  const probability = token.logprob === null ? '' : ` · probability ${percent(token.logprob)}`
  const joined = token.text === '' ? ' · part of a character' : ''
  return `${codeCell(token.text === '' ? token.display : token.text)} **token ${token.index}** of ${run.tokens.length} · ${token.generated ? 'generated' : 'prompt'}${probability}${joined}`
}

function caution({ token }: TokenHoverSubject): string | null {
  if (!token.outlier) return null
  const where = token.index === 0 ? 'position 0' : 'outlier: the residual is far longer here than on other tokens'
  return `⚠ ${where}; features here are out of distribution`
}

function features(subject: TokenHoverSubject): string {
  const { run, token, describe, pinsAndEdits } = subject
  if (run.sae === null) return 'No SAE set belongs to this model, so there are no features to show.'
  const pinned = pinsAndEdits.pins.filter(({ layer }) => run.layers.includes(layer)).map((feature) => featureOnToken(run, token.index, feature, describe))
  const isPinned = (feature: RankedFeature): boolean => pinned.some((pin) => renderFeature(pin.feature) === renderFeature(feature.feature))
  const others = rankFeatures(run, token.index, describe, SHOWN_FEATURES + pinned.length).filter((feature) => !isPinned(feature)).slice(0, SHOWN_FEATURES)
  if (pinned.length + others.length === 0) return 'No feature fires on this token.'
  const rows = [...pinned.map((feature) => featureRow(subject, feature, true)), ...others.map((feature) => featureRow(subject, feature, false))]
  return ['| feature | activation | |', '|:--|:--|:--|', ...rows].join('\n')
}

function featureRow({ run, token }: TokenHoverSubject, ranked: RankedFeature, isPinned: boolean): string {
  const { feature, activation, activationAfterEdit, strength, description } = ranked
  const place: FeaturePlace = { runId: run.id, feature, tokenIndex: token.index }
  const words = description.label ?? description.tokens.slice(0, 3).join(' · ')
  const edited = run.edits.find(({ edit, firedAt }) => edit.startsWith(`${renderFeature(feature)} `) && firedAt.includes(token.index))
  const after = edited && activationAfterEdit !== null ? ` → ${activationText(activationAfterEdit)}` : ''
  const name = `${isPinned ? '📌 ' : ''}**${renderFeature(feature)}**${words === '' ? '' : ` ${escapeMarkdown(words)}`}${edited ? ` *(edit: ${escapeMarkdown(edited.edit)})*` : ''}`
  const links = [
    `[Suppress](${commandLink(suppressFeatureCommand, place)} "Set it to 0 and re-run")`,
    `[Boost](${commandLink(boostFeatureCommand, place)} "Add to it and re-run")`,
    isPinned ? `[Unpin](${commandLink(unpinFeatureCommand, place)} "Stop keeping it in view")` : `[Pin](${commandLink(pinFeatureCommand, place)} "Keep it in view")`,
    `[Show](${commandLink(showFeatureCommand, place)} "Show its activation over the text")`,
  ]
  return `| ${name} | \`${bar(strength, BAR_WIDTH)}\` ${activationText(activation)}${after} | ${links.join(' · ')} |`
}

function alternatives({ token }: TokenHoverSubject): string | null {
  if (token.alternatives.length === 0) return null
  const rows = token.alternatives.slice(0, SHOWN_ALTERNATIVES).map(({ id, text, logprob }) =>
    `| ${codeCell(text)}${id === token.id ? ' ◀' : ''} | \`${bar(probabilityCells(logprob), BAR_WIDTH)}\` ${percent(logprob)} |`)
  return ['| could stand here | probability |', '|:--|:--|', ...rows].join('\n')
}

/** What would fill less than half a cell is shown as none: these shares are of one whole. */
function probabilityCells(logprob: number): number {
  return Math.round(Math.exp(logprob) * BAR_WIDTH) / BAR_WIDTH
}

function footer({ run, token }: TokenHoverSubject): string {
  const transfer = run.model.precision === 'q4' ? ' · q4: activations are approximate' : ''
  return `${escapeMarkdown(run.name)}${transfer} · [Open in Scope](${commandLink(openScopeCommand, { runId: run.id, tokenIndex: token.index })})`
}
