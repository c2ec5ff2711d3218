// One token as a box, and the words of its tooltip: shared by the strip and the comparison.
import type { RunToken } from '../../server/protocol/requests'
import { element } from '../widgets/element'
import { spokenToken, visibleText, visibleToken } from '../widgets/tokenText'
import { formatProbability } from './format'

/** Below these probabilities a token is underlined: unlikely, very unlikely. */
export const UNLIKELY = 0.5
/** Below this probability the underline is dashed instead of dotted. */
export const VERY_UNLIKELY = 0.1

/** A token's box followed by the line breaks that it holds; `role` where the box can be selected. */
export function createTokenNodes(token: RunToken, role: 'option' | undefined): { readonly box: HTMLElement; readonly breaks: readonly Node[] } {
  const visible = visibleToken(token.display)
  const box = element('span', { class: tokenClass(token), role }, visible.text)
  box.dataset['index'] = String(token.index)
  return { box, breaks: Array.from({ length: Math.min(2, visible.lineBreaks) }, () => element('span', { class: 'line-break' })) }
}

/** Lines for a token's tooltip: its text, place, probability, and what is unusual about it. */
export function tokenTooltip(token: RunToken, extra: readonly (Node | string)[] = []): (Node | string)[] {
  const lines: (Node | string)[] = [
    element('span', {}, element('span', { class: 'tooltip-token' }, visibleText(token.display) || '∅'), ` token ${token.index} · id ${token.id}`),
    token.logprob === null ? 'no probability: nothing stands before it' : `probability ${formatProbability(token.logprob)}`,
    ...extra,
  ]
  if (token.outlier) lines.push('outlier: features here are out of distribution')
  return lines
}

/** What a screen reader says about a token. */
export function tokenLabel(token: RunToken, extra: string): string {
  return [spokenToken(token.display), `${token.generated ? 'completion' : 'prompt'} token ${token.index}`, token.logprob === null ? '' : formatProbability(token.logprob), token.outlier ? 'outlier' : '', extra].filter(Boolean).join(', ')
}

function tokenClass(token: RunToken): string {
  const visible = visibleToken(token.display)
  const probability = token.logprob === null || !token.generated ? 1 : Math.exp(token.logprob)
  return [
    'token',
    visible.leadingSpace && 'leading-space',
    visible.special && 'special',
    visible.partial && 'partial',
    /^\s+$/.test(token.display) && 'blank',
    token.outlier && 'outlier',
    probability < VERY_UNLIKELY ? 'very-unlikely' : probability < UNLIKELY && 'unlikely',
  ].filter(Boolean).join(' ')
}
