// Tokenizers of SentencePiece, with ▁ for blanks and byte tokens for what the vocabulary lacks: as the tokenizers library 0.23 cuts the same texts.
import { describe, expect, test } from 'vitest'
import { createTokenizer } from '../../../server/formats/tokenizer'

const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
const MERGES = [['h', 'e'], ['l', 'l'], ['he', 'll'], ['hell', 'o'], ['▁', 'hello'], ['▁', '▁'], ['▁', 'w'], ['o', 'r'], ['▁w', 'or'], ['l', 'd'], ['▁wor', 'ld']] as const
const PIECES = ['<unk>', '<s>', '</s>', ...BYTES, ...'▁helowrdat', ...MERGES.map((pair) => pair.join(''))]

const json = (steps: object): object => ({
  added_tokens: PIECES.slice(0, 3).map((content, id) => ({ id, content, special: true, normalized: false })),
  ...steps,
  decoder: { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }] },
  model: { type: 'BPE', byte_fallback: true, fuse_unk: true, unk_token: '<unk>', vocab: Object.fromEntries(PIECES.map((piece, id) => [piece, id])), merges: MERGES },
})

describe.each<[name: string, steps: object, cases: [text: string, tokens: string][]]>([
  ['a Prepend normaliser, as Llama 2 has it', { normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, { type: 'Replace', pattern: { String: ' ' }, content: '▁' }] }, pre_tokenizer: null }, [
    ['hello world', '▁hello:5 ▁world:11'],
    ['  hello', '▁▁:1 ▁hello:7'],
    ['a  b', '▁:0 a:1 ▁▁:3 <0x62>:4'],
    ['é\n', '▁:0 <0xC3>:0 <0xA9>:1 <0x0A>:2'],
    ['hello</s>hello', '▁hello:5 </s>:9 ▁hello:14'],
    ['</s> hello', '</s>:4 ▁:4 ▁hello:10'],
    [' ', '▁▁:1'],
    ['▁hello', '▁:0 ▁hello:6'],
    ['🙂 at', '▁:0 <0xF0>:0 <0x9F>:0 <0x99>:0 <0x82>:2 ▁:3 a:4 t:5'],
  ]],
  ['Metaspace at the start only, as Mistral has it', { normalizer: null, pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false } }, [
    ['hello world', '▁hello:5 ▁world:11'],
    ['  hello', '▁:1 ▁hello:7'],
    ['é\n', '▁:0 <0xC3>:0 <0xA9>:1 <0x0A>:2'],
    ['hello</s>hello', '▁hello:5 </s>:9 hello:14'],
    ['</s> hello', '</s>:4 ▁hello:10'],
    [' ', '▁:1'],
    ['▁hello', '▁hello:6'],
  ]],
  ['Metaspace before every stretch, cut at blanks', { normalizer: null, pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true } }, [
    ['  hello', '▁:1 ▁hello:7'],
    ['a  b', '▁:0 a:1 ▁:2 ▁:3 <0x62>:4'],
    ['hello</s>hello', '▁hello:5 </s>:9 ▁hello:14'],
    [' ', '▁:1'],
  ]],
  ['no blank before text', { normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' }, pre_tokenizer: null }, [
    ['hello world', 'hello:5 ▁world:11'],
    ['  hello', '▁:1 ▁hello:7'],
    ['world<s>', 'w:1 or:3 ld:5 <s>:8'],
    ['🙂 at', '<0xF0>:0 <0x9F>:0 <0x99>:0 <0x82>:2 ▁:3 a:4 t:5'],
  ]],
])('%s', (_, steps, cases) => {
  const tokenizer = createTokenizer(json(steps), null)
  test.each(cases)('%j', (text, tokens) => {
    expect(tokenizer.encode(text).map(({ id, end }) => `${PIECES[id]}:${end}`).join(' ')).toBe(tokens)
  })
})

describe('tokens as text', () => {
  const tokenizer = createTokenizer(json({ normalizer: null, pre_tokenizer: null }), null)
  test('have blanks and bytes', () => {
    expect([' hello', '  ', '\n', '🙂'].map((text) => tokenizer.pieces(tokenizer.encode(text).map(({ id }) => id)).map((piece) => piece.display))).toEqual([[' hello'], ['  '], ['\n'], ['⟨f0⟩', '⟨9f⟩', '⟨99⟩', '⟨82⟩']])
  })
  test('join to the text', () => {
    const text = ' hello</s>é world\n🙂'
    expect(tokenizer.decode(tokenizer.encode(text).map(({ id }) => id))).toBe(text)
  })
  test('are found by their text', () => expect([' world', 'hello', '\n', 'a', '</s>', 'wombat'].map((text) => tokenizer.idOf(text))).toEqual([PIECES.indexOf('▁world'), PIECES.indexOf('hello'), 13, PIECES.indexOf('a'), 2, null]))
})

test.each([
  ['Lowercase', { normalizer: { type: 'Lowercase' }, pre_tokenizer: null }],
  ['Replace', { normalizer: { type: 'Replace', pattern: { Regex: ' +' }, content: '▁' }, pre_tokenizer: null }],
  ['Digits', { normalizer: null, pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits' }] } }],
])('a step that is not known is named: %s', (step, steps) => {
  expect(() => createTokenizer(json(steps), null)).toThrow(`tokenizer.json is of SentencePiece with the step "${step}", which is not supported`)
})
