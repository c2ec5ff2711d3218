// The tokenizer's own part: exact places in the text, bytes, display and streaming; the library's splitting and merging is taken as it is.
import { describe, expect, test } from 'vitest'
import { createTokenizer } from '../../../server/formats/tokenizer'
import { tinyTokenizerJson } from './tinyTokenizer'

const MERGES = [['h', 'e'], ['l', 'l'], ['he', 'll'], ['hell', 'o'], [' ', 'w']] as const
const tokenizer = createTokenizer(tinyTokenizerJson(MERGES), null)
const END = tokenizer.idOf('<|im_end|>')!

const shown = (text: string): string => tokenizer.encode(text).map(({ id, start, end }) => `${tokenizer.display(id)}:${start}-${end}`).join(' ')

describe('places in the text', () => {
  const cases: [text: string, tokens: string][] = [
    ['', ''],
    ['hello world', 'hello:0-5  w:5-7 o:7-8 r:8-9 l:9-10 d:10-11'],
    ["HE'LL", "H:0-1 E:1-2 ':2-3 L:3-4 L:4-5"],
    ['a<|im_end|>b', 'a:0-1 <|im_end|>:1-11 b:11-12'],
    ['<|im_end|><|im_end|>', '<|im_end|>:0-10 <|im_end|>:10-20'],
    ['<|im_en', '<:0-1 |:1-2 i:2-3 m:3-4 _:4-5 e:5-6 n:6-7'],
    ['你', '⟨e4⟩:0-0 ⟨bd⟩:0-0 ⟨a0⟩:0-1'],
    ['a𝔘', 'a:0-1 ⟨f0⟩:1-1 ⟨9d⟩:1-1 ⟨94⟩:1-1 ⟨98⟩:1-3'],
    ['\r\n', '\r:0-1 \n:1-2'],
    ['\ufeffa', '⟨ef⟩:0-0 ⟨bb⟩:0-0 ⟨bf⟩:0-1 a:1-2'],
    ['x\ud800y', 'x:0-1 ⟨ef⟩:1-1 ⟨bf⟩:1-1 ⟨bd⟩:1-2 y:2-3'],
  ]
  test.each(cases)('%j', (text, tokens) => expect(shown(text)).toBe(tokens))

  const normalised: [text: string, tokens: string][] = [
    // e and its accent become one character of two bytes.
    ['ae\u0301', 'a:0-1 ⟨c3⟩:1-1 ⟨a9⟩:1-3'],
    // Two jamo become one syllable; a third one after a syllable joins it.
    ['\u1112\u1161!', '⟨ed⟩:0-0 ⟨95⟩:0-0 ⟨98⟩:0-2 !:2-3'],
    ['\uac00\u11a8!', '⟨ea⟩:0-0 ⟨b0⟩:0-0 ⟨81⟩:0-2 !:2-3'],
    // The Ångström sign becomes Å, shorter by a byte.
    ['\u212bx', '⟨c3⟩:0-0 ⟨85⟩:0-1 x:1-2'],
    // Marks in the wrong order are put in order: one unit.
    ['q\u0307\u0323r', 'q:0-0 ⟨cc⟩:0-0 ⟨a3⟩:0-0 ⟨cc⟩:0-0 ⟨87⟩:0-3 r:3-4'],
    ['e\u0301<|im_end|>e\u0301', '⟨c3⟩:0-0 ⟨a9⟩:0-2 <|im_end|>:2-12 ⟨c3⟩:12-12 ⟨a9⟩:12-14'],
  ]
  test.each(normalised)('normalised: %j', (text, tokens) => expect(shown(text)).toBe(tokens))

  test('cover the text without overlaps, whatever stands in it', () => {
    const alphabet = ['a', 'e\u0301', '\u0323', '\u1112', '\u1161', '\u11ab', '\uac00', '中', '𝔘', '\ud800', ' ', '\n', '<|im_end|>', "'s", '9', '👩‍👩‍👧', '\u212b', 'क्षि']
    let seed = 1
    const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below
    for (let round = 0; round < 400; round++) {
      const text = Array.from({ length: random(12) }, () => alphabet[random(alphabet.length)]).join('')
      const tokens = tokenizer.encode(text)
      let at = 0
      for (const { start, end } of tokens) {
        expect(start, JSON.stringify(text)).toBe(at)
        expect(end).toBeGreaterThanOrEqual(start)
        at = end
      }
      expect(at).toBe(text.length)
      const ids = tokens.map(({ id }) => id)
      expect(tokenizer.decode(ids)).toBe(text.replace(/\p{Surrogate}/gu, '\ufffd').normalize('NFC'))
      expect(tokenizer.pieces(ids).map((piece) => piece.text).join('')).toBe(tokenizer.decode(ids))
    }
  })
})

describe('ids to text', () => {
  test('a piece is what its token completes, its display the bytes it has', () => {
    expect(tokenizer.pieces(tokenizer.encode('é你<|im_end|>').map(({ id }) => id))).toEqual([
      { text: '', display: '⟨c3⟩' }, { text: 'é', display: '⟨a9⟩' },
      { text: '', display: '⟨e4⟩' }, { text: '', display: '⟨bd⟩' }, { text: '你', display: '⟨a0⟩' },
      { text: '<|im_end|>', display: '<|im_end|>' },
    ])
  })

  test('bytes that are no character become U+FFFD where that is certain', () => {
    expect(tokenizer.pieces([0xe4, 0x61]).map(({ text }) => text)).toEqual(['', '\ufffda'])
    expect(tokenizer.pieces([0x61, 0xe4]).map(({ text }) => text)).toEqual(['a', '\ufffd'])
    expect(tokenizer.decode([0xe4, END])).toBe('\ufffd<|im_end|>')
  })

  test('a stream gives the same text as all at once', () => {
    const ids = tokenizer.encode('hello é你 \ufeffw').map(({ id }) => id).concat(0xe4)
    const stream = tokenizer.createTextStream()
    expect(ids.map((id) => stream.push(id)).join('') + stream.end()).toBe(tokenizer.decode(ids))
  })

  test('ids that no token has are shown as such and have no text', () => {
    expect(tokenizer.display(9999)).toBe('⟨no token 9999⟩')
    expect(tokenizer.tokenBytes(9999)).toEqual(new Uint8Array())
    expect(tokenizer.decode([9999])).toBe('')
  })

  test('vocabulary, special tokens and ids of texts', () => {
    expect(tokenizer.vocabSize).toBe(256 + MERGES.length + 4)
    expect([...tokenizer.specialIds].map((id) => tokenizer.display(id))).toEqual(['<|endoftext|>', '<|im_start|>', '<|im_end|>'])
    expect(tokenizer.display(tokenizer.idOf(' w')!)).toBe(' w')
    expect(tokenizer.idOf('wombat')).toBeNull()
  })
})

test('added tokens that only tokenizer_config.json names are known', () => {
  const merged = createTokenizer(tinyTokenizerJson(), { added_tokens_decoder: { '256': { content: '<|endoftext|>', special: true }, '700': { content: '<tts_pad>', special: true } } })
  expect(merged.encode('<tts_pad>')).toEqual([{ id: 700, start: 0, end: 9 }])
  expect(merged.vocabSize).toBe(701)
})

describe('what is no byte-level BPE is refused', () => {
  const json = tinyTokenizerJson()
  const cases: [string, unknown, string][] = [
    ['no object', [], 'tokenizer.json does not hold a JSON object'],
    ['no model', {}, 'tokenizer.json has no model'],
    ['another model', { ...json, model: { type: 'Unigram', vocab: [] } }, 'tokenizer.json model type "Unigram" is not supported'],
    ['no merges', { ...json, model: { type: 'BPE', vocab: { a: 0 } } }, 'tokenizer.json has no vocabulary and merges'],
    ['broken merges', { ...json, model: { ...json.model, merges: ['ab'] } }, 'tokenizer.json has merges that are not pairs of tokens'],
    ['broken ids', { ...json, model: { type: 'BPE', vocab: { a: -1 }, merges: [] } }, 'tokenizer.json token "a" has the id -1'],
    ['no byte level', { ...json, pre_tokenizer: { type: 'Whitespace' } }, 'tokenizer.json is not byte-level'],
    ['a broken added token', { ...json, added_tokens: [{ id: 'x', content: 'a' }] }, 'tokenizer.json has an added token without id or content'],
  ]
  test.each(cases)('%s', (_, broken, message) => expect(() => createTokenizer(broken, null)).toThrow(message))

  test('a vocabulary without some byte says so when it is met', () => {
    const vocab: Record<string, number> = { ...json.model.vocab }
    delete vocab.z
    expect(() => createTokenizer({ ...json, model: { type: 'BPE', vocab, merges: [] } }, null).encode('az')).toThrow('tokenizer.json has no tokens for part of the text "az"')
  })
})

test('a lower bound of tokens is known without encoding', () => {
  // The longest token has 13 bytes: `<|endoftext|>`.
  expect(tokenizer.leastTokens('hello world')).toBe(1)
  expect(tokenizer.leastTokens('你'.repeat(13))).toBe(3)
  expect(tokenizer.leastTokens('<|endoftext|>'.repeat(5))).toBe(5)
})
