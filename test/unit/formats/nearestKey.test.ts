// Slips in the keys of a front matter, told from the keys of other tools.
import { expect, test } from 'vitest'
import { nearestKey } from '../../../server/formats/nearestKey'
import { parsePromptFile } from '../../../server/formats/promptFile'

const KNOWN = ['temperature', 'topP', 'topK', 'seed', 'maxOutputTokens', 'stopSequences']

test.each([
  ['temperatur', 'temperature'], ['Temperature', 'temperature'], ['tempreature', 'temperature'], ['top_p', 'topP'], ['topk', 'topK'], ['sead', 'seed'], ['max_output_tokens', 'maxOutputTokens'],
  ['stream', null], ['n', null], ['version', null], ['frequencyPenalty', null], ['step', null], ['tools', null],
])('%s: %s', (key, meant) => expect(nearestKey(key, KNOWN)).toBe(meant))

test.each([
  ['a.prompt', '---\nconfig:\n  temperatur: 1\n  safetySettings: {}\n---\nHi', 'front matter config.temperatur'],
  ['a.prompty', '---\nmodel:\n  parameters:\n    temperatur: 1\n    response_format: text\n---\nuser:\nHi', 'front matter model.parameters.temperatur'],
])('is a warning in %s', (name, text, subject) => {
  const { problems } = parsePromptFile(name, text)
  expect(problems).toMatchObject([{ severity: 'warning', message: `${subject} is not known and changes nothing`, remedy: 'write temperature, if that is meant' }])
  expect(text.slice(problems[0]!.range.start, problems[0]!.range.end)).not.toBe('')
})
