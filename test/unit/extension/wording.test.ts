// How the extension writes numbers, sizes, paths and feature names for people, and that markdown shows them as they are.
import { describe, expect, test } from 'vitest'
import { featureName, parseFeatureName, sameFeature } from '../../../extension/featureName'
import { activationText, baseName, byteText, countOf, escapeMarkdown, modelName } from '../../../extension/wording'

describe('wording', () => {
  test.each([[0, '0'], [0.4123, '0.41'], [1.04, '1.0'], [12.34, '12.3'], [-3.21, '-3.2'], [1234.5, '1235']])('activation %d reads %s', (value, text) => {
    expect(activationText(value)).toBe(text)
  })
  test.each([[1, '1 token'], [0, '0 tokens'], [4096, '4,096 tokens']])('%d tokens read %s', (count, text) => {
    expect(countOf(count, 'token')).toBe(text)
  })
  test.each([[38_400_000, '38 MB'], [1_940_000_000, '1.9 GB']])('%d bytes read %s', (bytes, text) => {
    expect(byteText(bytes)).toBe(text)
  })
  test.each([['/models/Qwen3-8B/', 'Qwen3-8B'], ['C:\\models\\demo', 'demo'], ['demo', 'demo'], ['/', '/']])('the last part of %s is %s', (path, name) => {
    expect(baseName(path)).toBe(name)
  })
  test.each([['/x/demo/model', 'demo/model'], ['/models/Qwen3-8B', 'Qwen3-8B'], ['C:\\demo\\model\\', 'demo/model']])('the model in %s is called %s', (path, name) => {
    expect(modelName(path)).toBe(name)
  })
  test('markdown and icons in a name stay text', () => {
    expect(escapeMarkdown('*a* [b](c) $(flame) <i>')).toBe('\\*a\\* \\[b\\]\\(c\\) \\$\\(flame\\) \\<i\\>')
  })
})

describe('feature names', () => {
  test.each([['L14/6159', { layer: 14, feature: 6159 }], [' l0/3 ', { layer: 0, feature: 3 }], ['L3', null], ['L3/-1', null], ['L3/4 = 0', null], ['', null]])('%s', (text, feature) => {
    expect(parseFeatureName(text)).toEqual(feature)
  })
  test('what is written is read back', () => {
    const feature = { layer: 7, feature: 90 }
    const read = parseFeatureName(featureName(feature))
    expect(read !== null && sameFeature(read, feature)).toBe(true)
  })
})
