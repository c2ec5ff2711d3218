// What must hold of the token hover: links with exact arguments, honest marks, words that fit.
import { describe, expect, test } from 'vitest'
import { renderTokenHover } from '../../../server/editor/hover'
import { tokenAtOffset } from '../../../server/editor/tokenLookup'
import type { Fault } from '../../../server/runs/detectors'
import type { FeatureDescription, FeatureId } from '../../../server/protocol/values'
import { sampleRun, type RunChange } from '../store/sampleRun'

const unknown = (feature: FeatureId): FeatureDescription => ({ feature, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null })
const hover = (index: number, change: RunChange = {}, describeFeature = unknown, pins: FeatureId[] = [], faults: Fault[] = [], reading: number[] = []): string => {
  const run = sampleRun(change)
  return renderTokenHover({ run, token: run.tokens[index]!, describe: describeFeature, pinsAndEdits: { pins }, faults, reading })
}

describe('hover', () => {
  test('says what the token is and what could stand there', () => {
    const text = hover(2)
    expect(text).toContain('`·how` **token 2** of 4 · generated · probability 37 %')
    expect(text).toContain('could stand here: ▃\u00a0`·how`\u00a037 %\u00a0◀ · ▁\u00a0``·`|*``\u00a05.0 %')
    expect(text).not.toContain('⚠')
  })

  test('links carry the run, the feature and the token', () => {
    const links = [...hover(3).matchAll(/\[([\w/]+)\]\(command:([\w.]+)\?([^ )]+)/g)].map(([, title, command, args]) => [title, command, JSON.parse(decodeURIComponent(args!)) as unknown])
    const place = { runId: 'run-1', feature: { layer: 0, feature: 5 }, tokenIndex: 3 }
    expect(links.slice(0, 5)).toEqual([
      ['L0/5', 'promptscope.showFeature', [place]],
      ['Suppress', 'promptscope.suppressFeature', [place]],
      ['Boost', 'promptscope.boostFeature', [place]],
      ['Pin', 'promptscope.pinFeature', [place]],
      ['Show', 'promptscope.showFeature', [place]],
    ])
  })

  test('says that activations at 4 bits are approximate', () => {
    const { model } = sampleRun()
    expect(hover(2, { model: { ...model, precision: 'q4' } })).toContain('q4: activations are approximate')
    expect(hover(2, { model: { ...model, precision: 'q8' } })).not.toContain('approximate')
  })

  test('marks position 0', () => expect(hover(0)).toContain('⚠ position 0; features here are out of distribution'))

  test('says of a pinned feature whose layer has not been read just that, and offers to read all', () => {
    const partly = (status = {}, reading: number[] = []): string => hover(1, { layers: [0], features: { 0: [[], [{ feature: 5, activation: 2 }], [], []] }, ...status }, unknown, [{ layer: 1, feature: 8 }], [], reading)
    expect(partly()).toMatch(/\$\(pin\)\u00a0\[L1\/8\]\([^)]*\) \| layer\u00a01\u00a0not\u00a0read \| \|.*\[Unpin\].*\[Show\]/)
    expect(partly({}, [1])).toContain('reading\u00a0layer\u00a01…')
    expect(partly()).toContain('layer 0 of 2: [Read all](command:promptscope.readAllLayers?')
    expect(partly({ status: { kind: 'running' } })).not.toContain('Read all')
    expect(hover(1)).not.toContain('Read all')
  })

  test('keeps a pinned feature in view where it does not fire', () => {
    const text = hover(2, {}, unknown, [{ layer: 0, feature: 5 }])
    expect(text).toMatch(/\$\(pin\)\u00a0\[L0\/5\]\([^)]*\) \| `░{6}`\u00a00 \|.*\[Unpin\]/)
  })

  test('puts the longest bar first and says what it is a share of', () => {
    const header = (text: string) => /\| feature \| ([^|]*) \|/.exec(text)?.[1]
    const bars = (text: string) => [...text.matchAll(/(L\d+\/\d+)\].*?`([█░]+)`/g)].map(([, name, cells]) => `${name} ${cells!.replaceAll('░', '').length}`)
    expect([header(hover(1)), bars(hover(1))]).toEqual(['of\u00a0layer', ['L1/8 6', 'L0/5 3', 'L0/3 1']])
    const known = (feature: FeatureId): FeatureDescription => ({ ...unknown(feature), density: 0.01, maxActivation: { 8: 120, 5: 2.5, 3: 0.2 }[feature.feature]! })
    expect([header(hover(1, {}, known)), bars(hover(1, {}, known))]).toEqual(['of\u00a0max', ['L0/5 5', 'L0/3 3', 'L1/8 2']])
  })

  test('where a fault begins, says so and puts first what comes to the fore there', () => {
    const fault: Fault = { kind: 'languageSwitch', message: 'completion switches', tokens: [3], first: 3, last: 3, script: 'Han' }
    const features = { 0: [[], [{ feature: 5, activation: 4 }], [{ feature: 5, activation: 4 }, { feature: 3, activation: 1 }], []] }
    const text = hover(2, { features }, unknown, [], [fault])
    expect(text).toContain('⚠ the switch to Han begins here · [Suggest what to suppress](command:promptscope.suggestSuppressions?')
    expect(text).toMatch(/\| ⚠\u00a0\[L0\/3\]\([^"]*"fires more where the completion goes wrong than before; [^|]*\| `██░░░░`[^\n]*\n\| \[L0\/5\]/)
    expect(hover(1, { features }, unknown, [], [fault])).not.toContain('⚠')
  })

  test('shows both sides of an edit where it fired', () => {
    const change = { edits: [{ edit: 'L1/8 = 0', firedAt: [3] }], featuresAfterEdit: { 1: [[], [], [], [{ feature: 9, activation: 1 }]] } }
    expect(hover(3, change)).toContain('`█░░░░░`\u00a00.500\u00a0→\u00a00 | *edit: L1/8 = 0* |')
    expect(hover(2, change)).not.toContain('*edit')
  })

  test('says so when there is no SAE or no feature', () => {
    expect(hover(2, { sae: null })).toContain('No SAE set belongs to this model')
    expect(hover(2, { features: {} })).toContain('No feature fires on this token.')
  })

  test('shows a label that fits, else the tokens it fires on most, else what there is of the label', () => {
    const words = (label: string | null, tokens: string[]) => / \| ([^|]*) \| \[Suppress/.exec(hover(3, {}, (feature) => ({ ...unknown(feature), label, tokens })))?.[1]
    expect(words('Chinese', [' the'])).toBe('Chinese')
    expect(words('English 52 %, mathematics 18 % · the, of', [' the', ' of'])).toBe('English')
    expect(words('end of sentence · ., 。', [' a', ' b', ' c'])).toBe('a,\u00a0b,\u00a0c')
    expect(words('the token', ['我们', '一起'])).toBe('我们,…')
    expect(words('words about the weather', [])).toBe('words…')
    expect(words(null, [])).toBe('')
  })

  test('escapes labels', () => {
    expect(hover(3, {}, (feature) => ({ ...unknown(feature), label: '|[a](b)' }))).toContain('| \\|\\[a\\]\\(b\\) |')
  })

  test('tells all that is known of a feature in the tip of its name', () => {
    const known = (feature: FeatureId) => ({ ...unknown(feature), label: 'a label that is too long for one line', tokens: [' the', '"'], density: 0.0163, typicalActivation: 2.5, maxActivation: 5 })
    expect(hover(3, {}, known)).toContain('"a label that is too long for one line; strongest on the, ”; fires on 1.6 % of tokens; usually 2.50; at most 5.00") | `█████░`\u00a04.00 | the,\u00a0" |')
  })
})

describe('the token at an offset', () => {
  test.each([[0, 0], [4, 0], [5, 1], [11, 2], [18, 3], [19, null]])('%d of the run document is %s', (offset, index) =>
    expect(tokenAtOffset(sampleRun(), offset, 'range')?.index ?? null).toBe(index))
  test('of the prompt file is never a generated one', () => expect(tokenAtOffset(sampleRun(), 12, 'promptRange')).toBeNull())
})
