// Draws a run for people: header, tokens with probability and top features, what the edits did, the completion before and after.
import type { LoadedModel } from '../engine/engine'
import { describeFeature, type FeatureLabels } from '../features/describe'
import { tellingFeatures } from '../features/tellingFeatures'
import { renderFeature } from '../formats/editLine'
import { rangesText } from '../formats/rangesText'
import { precisionLabel } from '../protocol/precisionWords'
import type { RunToken } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { EditReport, FeatureDescription, FeatureId } from '../protocol/values'
import { compareRuns } from '../runs/compareRuns'
import { detectFaults } from '../runs/detectors'
import { bar, columnsOf, fit, type Terminal } from './terminal'

type Pen = Pick<Terminal, 'color' | 'width'>

/** Features shown per token: more than fit on a line are left to --json. */
const FEATURES_PER_TOKEN = 3
const TOKEN_COLUMNS = 16
/** Least and most columns for a feature with its label. */
const FEATURE_COLUMNS = [33, 60] as const
const BAR_COLUMNS = 5

/** Which model, which SAE set, which prompt. */
export function renderHeader(run: RunRecord, model: LoadedModel, promptName: string, { color }: Pen): string {
  const { identity } = model
  const sae = run.sae ? `${run.sae.path}, ${run.sae.dSae} features, ${run.sae.k === null ? 'no limit of active ones' : `top ${run.sae.k}`}, ${layersInWords(run.layers)}` : 'none, so no features'
  const { temperature, seed } = run.sampling
  const choice = temperature === 0 ? 'greedy' : `temperature ${temperature}, seed ${seed}`
  return [
    `${color.bold(model.name)} ${color.dim(`${identity.architecture}, ${identity.layers} layers, d_model ${identity.dModel}, precision ${precisionLabel(identity.precision)}, on ${identity.provider}`)}`,
    `${color.dim('SAE   ')} ${sae}`,
    ...(model.pairing === null || model.pairing.kind === 'match' ? [] : [color.yellow(`       ${model.pairing.note}`)]),
    `${color.dim('prompt')} ${promptName}, ${counted(run.promptTokens, 'token')}; ${counted(run.generatedTokens, 'token')} generated, ${choice}`,
    '',
  ].join('\n')
}

/** One line per token: index, text, probability, and its most telling features, as hovers and the Scope panel rank them. */
export function renderTokens(run: RunRecord, labels: FeatureLabels, top: number, pen: Pen): string {
  const { color } = pen
  const faults = detectFaults(run)
  const describe = (feature: FeatureId): FeatureDescription => describeFeature(labels, feature)
  const room = pen.width - TOKEN_COLUMNS - 15
  const perToken = Math.min(top, FEATURES_PER_TOKEN, Math.max(1, Math.floor((room + 1) / (FEATURE_COLUMNS[0] + 1))))
  const columns = Math.min(FEATURE_COLUMNS[1], Math.floor((room + 1) / Math.max(1, perToken)) - 1)
  const lines = run.tokens.map((token) => {
    const features = tellingFeatures(run, token.index, describe, faults).features.slice(0, perToken).map(({ feature, activation, bar: share, isSuspect, description }) =>
      fitColored(`${isSuspect ? '⚠ ' : ''}${renderFeature(feature)} ${bar(share, BAR_COLUMNS)} ${short(activation)}`, description.label ?? '', columns, color))
    const text = fit(visible(token), TOKEN_COLUMNS)
    const probability = token.logprob === null ? '    ' : percent(token.logprob)
    return `${color.dim(String(token.index).padStart(4))}  ${token.generated ? color.green(text) : text} ${probability} ${token.outlier ? color.yellow('!') : ' '} ${features.join(' ')}`.trimEnd()
  })
  const legend = run.tokens.some((token) => token.outlier) ? ['', color.dim(`   ${'!'} outlier: position 0 or a residual far above the median; its features are out of distribution`)] : []
  const rule = perToken > 0 && run.sae ? [color.dim(`features: strong for themselves and rare elsewhere; bars: share of ${labels.size > 0 ? 'their own maximum' : 'the layer’s greatest'}${faults.length > 0 ? '; ⚠ comes to the fore where it goes wrong' : ''}`)] : []
  return [...rule, color.dim(`      ${fit('token', TOKEN_COLUMNS)}    p   ${perToken > 0 && run.sae ? 'features' : ''}`.trimEnd()), ...lines, ...legend, ''].join('\n')
}

/** Where each edit fired; says so when it never did. */
export function renderEdits(edits: readonly EditReport[], { color }: Pen): string {
  const width = Math.max(...edits.map(({ edit }) => edit.length))
  const lines = edits.map(({ edit, firedAt }) => `  ${edit.padEnd(width)}  ${firedAt.length > 0 ? `fired on ${counted(firedAt.length, 'token')}: ${rangesText(firedAt)}` : color.yellow('never fired')}`)
  return [color.bold('Edits'), ...lines, ''].join('\n')
}

/** The completion, and what is wrong with it as far as its text shows. */
export function renderCompletion(title: string, run: RunRecord, { color }: Pen): string {
  const text = run.text.slice(run.generatedStart)
  const faults = detectFaults(run).map(({ message }) => color.yellow(`  ${message}`))
  return [color.bold(title), indent(text === '' ? color.dim('(nothing)') : text), ...faults, ''].join('\n')
}

/** The completions without and with the edits, and the first token that differs. */
export function renderBeforeAndAfter(before: RunRecord, after: RunRecord, pen: Pen): string {
  const { color } = pen
  const { firstDifference } = compareRuns(before, after)
  const a = firstDifference === null ? undefined : before.tokens[firstDifference]
  const b = firstDifference === null ? undefined : after.tokens[firstDifference]
  const name = (token: RunToken | undefined): string => (token ? `${JSON.stringify(token.text || token.display)} (${percent(token.logprob ?? 0).trim()})` : 'the end')
  const verdict = firstDifference === null ? `no token differs${renderGreatestChange(before, after)}` : `first difference at token ${firstDifference}: ${name(a)} became ${name(b)}`
  return [renderCompletion('Before', marked(before, a, color.red), pen), renderCompletion('After', marked(after, b, color.green), pen), color.dim(`  ${verdict}`), ''].join('\n')
}

/** How far the edits were from changing the completion: the generated token whose probability moved most. */
function renderGreatestChange(before: RunRecord, after: RunRecord): string {
  const changes = after.tokens.filter((token) => token.generated).map((token) => {
    const from = before.tokens[token.index]?.logprob ?? 0
    return { token, from, change: Math.abs(Math.exp(token.logprob ?? 0) - Math.exp(from)) }
  })
  const greatest = changes.sort((a, b) => b.change - a.change)[0]
  if (!greatest) return ''
  const { token, from } = greatest
  return `; the greatest change is that of token ${token.index}, ${JSON.stringify(token.text || token.display)}, from ${percent(from).trim()} to ${percent(token.logprob ?? 0).trim()}`
}

/** The run with the first token that differs between guillemets, coloured: found without colour, too. */
function marked(run: RunRecord, token: RunToken | undefined, paint: (text: string) => string): RunRecord {
  if (!token?.generated || token.range.start === token.range.end) return run
  const { start, end } = token.range
  return { ...run, text: `${run.text.slice(0, start)}${paint(`»${run.text.slice(start, end)}«`)}${run.text.slice(end)}` }
}

function fitColored(head: string, label: string, columns: number, color: Pen['color']): string {
  const room = columns - columnsOf(head) - 1
  return room > 3 ? `${color.cyan(head)} ${color.dim(fit(label, room))}` : color.cyan(fit(head, Math.max(columns, columnsOf(head))))
}

/** A token's text on one line, with signs for blanks at its ends and for breaks; its bytes where they are no whole character. */
function visible(token: RunToken): string {
  const text = token.text === '' || token.text.includes('\ufffd') ? token.display : token.text
  return text.replace(/\n/g, '↵').replace(/\r/g, '␍').replace(/\t/g, '⇥').replace(/^ | $/g, '·').replace(/[\p{Cc}]/gu, '�')
}

function percent(logprob: number): string {
  return `${(Math.exp(logprob) * 100).toFixed(0)}%`.padStart(4)
}

function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function layersInWords(layers: readonly number[]): string {
  return layers.length === 1 ? `layer ${layers[0]}` : `layers ${rangesText(layers)}`
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
