// Which documents Promptscope speaks up in.
import { expect, test } from 'vitest'
import { documentKind } from '../../../server/editor/documentKind'
import { parseRunUri, runUri } from '../../../server/protocol/runUri'

test.each([
  ['file:///a/b.prompt', 'plaintext', 'prompt'],
  ['file:///a/b.PROMPTY', '', 'prompt'],
  ['file:///a/b.prompt.md', 'markdown', 'prompt'],
  ['file:///a/b.steer', 'plaintext', 'steer'],
  ['file:///a/b.md', 'markdown', 'plain'],
  ['file:///a/b.txt', '', 'plain'],
  ['untitled:Untitled-1', 'promptscope-prompt', 'prompt'],
  ['file:///a/b.ts', 'typescript', null],
  [runUri({ id: 'r1', name: 'b.prompt #3' }), 'plaintext', 'run'],
])('%s (%s) is %s', (uri, languageId, kind) => expect(documentKind(uri, languageId)).toBe(kind))

test('a run address gives its run back, also with odd characters', () => {
  for (const id of ['r1', 'a/b #?%']) expect(parseRunUri(runUri({ id, name: '50% off?.prompt #3' }))).toBe(id)
  expect(parseRunUri('file:///promptscope-run/r1/x')).toBeNull()
})
