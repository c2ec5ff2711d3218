// What must hold of completion: in .steer files by the part of the line, in front matter by its section.
import { describe, expect, test } from 'vitest'
import { frontMatterProposals, steerProposals, type Proposal } from '../../../server/editor/completion'
import type { ModelListing } from '../../../server/protocol/requests'
import { sampleRun } from '../store/sampleRun'

const describeFeature = (feature: { layer: number; feature: number }) => ({ feature, label: feature.feature === 8 ? 'greeting' : null, tokens: [], density: null, typicalActivation: null, maxActivation: null })
const labels = (proposals: Proposal[]) => proposals.map(({ label }) => label)

describe('an edit line', () => {
  const check = (prefix: string, expected: string[]) => expect(labels(steerProposals(prefix, sampleRun(), describeFeature))).toEqual(expected)
  test('begins with the features of the last run that stand out most', () => check('', ['L0/5', 'L1/8', 'L0/3']))
  test('goes on with an operator', () => check('L0/5', ['= 0', '+= 20', '*= 0.5', '= 20']))
  test('may name positions', () => check('L0/5 = 0 ', ['@']))
  test('has five kinds of them', () => check('L0/5 = 0 @ g', ['prompt', 'generated', 'last', '0-3', '12-']))
  test('has nothing in a comment', () => check('L0/5 = 0 # @ ', []))
  test('replaces what was typed of the feature', () => {
    const [proposal] = steerProposals('  L0', sampleRun(), describeFeature)
    expect(proposal).toMatchObject({ insert: 'L0/5 = 0', replaceFrom: 2 })
  })
  test('says what a feature is and where it fired', () =>
    expect(steerProposals('', sampleRun(), describeFeature).find(({ label }) => label === 'L1/8')?.detail).toBe('greeting · 30.1 on " world"'))
  test('has no features to propose before the first run', () => expect(steerProposals('', null, describeFeature)).toEqual([]))
})

describe('front matter', () => {
  const models = [
    { name: 'tiny', path: '/models/tiny', problem: null, saeSets: [{ name: 'tiny-sae', path: '/models/tiny-sae', matches: true, note: '' }] },
    { name: 'odd', path: '/models/odd', problem: 'not supported', saeSets: [] },
  ] as unknown as ModelListing[]
  const check = (ending: string, text: string, expected: (labels: string[]) => void) => {
    const lines = text.split('\n')
    const line = lines.findIndex((each) => each.includes('|'))
    const prefix = lines[line]!.slice(0, lines[line]!.indexOf('|'))
    expected(labels(frontMatterProposals(`file:///a${ending}`, lines.map((each) => each.replace('|', '')), line, prefix, models)))
  }
  test('has the outermost keys of its kind', () => {
    check('.prompt', '---\n|\n---\n', (found) => expect(found).toEqual(['model', 'config', 'input', 'promptscope']))
    check('.prompty', '---\nna|\n', (found) => expect(found).toContain('sample'))
  })
  test('has the keys of a section inside it', () => {
    check('.prompt', '---\nconfig:\n  temperature: 1\n  |\n---', (found) => expect(found).toContain('maxOutputTokens'))
    check('.prompty', '---\nmodel:\n  parameters:\n    |\n---', (found) => expect(found).toContain('max_tokens'))
    check('.prompt.md', '---\npromptscope:\n  |\n---', (found) => expect(found).toContain('edits'))
  })
  test('names the models and SAE sets that can be used', () => {
    check('.prompt', '---\npromptscope:\n  model: |\n---', (found) => expect(found).toEqual(['tiny']))
    check('.prompt', '---\npromptscope:\n  sae: |\n---', (found) => expect(found).toEqual(['tiny-sae']))
  })
  test('ends where the prompt begins', () => {
    check('.prompt', '---\nmodel: x\n---\n|', (found) => expect(found).toEqual([]))
    check('.prompt', 'no front matter\n|', (found) => expect(found).toEqual([]))
  })
})
