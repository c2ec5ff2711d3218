// Where Step Out stops: ends of sentences in several languages, token by token, with and without the next token known.
import { describe, expect, it } from 'vitest'
import { endsSentence } from '../../../server/debug/sentences'
import { fakeTokens } from './fakeTokens'

/** Cuts a text as byte-level tokenizers do, roughly: words with their blank, single digits, runs of signs, line breaks with the signs before. */
const cut = (text: string): string[] =>
  [...text.matchAll(/<\|\w+\|>|<\/?think>| ?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}<]+[\r\n]*|\s*[\r\n]+|\s+|</gu)].map(([token]) => token)

/** The sentences of a text, all of whose tokens are known. */
const sentences = (text: string, tokens = fakeTokens(cut(text))): string[] => {
  expect(tokens.map((token) => token.text).join('')).toBe(text)
  const found = ['']
  for (const { index, text: own } of tokens) {
    found[found.length - 1] += own
    if (endsSentence(tokens, index)) found.push('')
  }
  return found.filter((sentence) => sentence !== '')
}

describe('a sentence, when all tokens are known,', () => {
  it.each<[what: string, sentences: string[]]>([
    ['ends with a mark', ['The river is wide.', ' Can you swim?', ' I can!', ' Well…', ' We shall see.']],
    ['keeps its closing quotes and brackets', ['She said: "Come in."', ' (He did not.)', ' “Why?” he asked.', ' **Nobody knew.**', ' Really.']],
    ['goes on after a quoted one', ['"Come in." she said.', ' He came.']],
    ['is not ended by decimals, versions and file names', ['Pi is 3.14 and not 3.', ' See notes.txt or v1.2.3 for more.']],
    ['is not ended by abbreviations and initials', ['Use fruit, e.g. apples, as Dr. J. R. Smith of the U.S. Army did.', ' Then wait.']],
    ['may end with a year, and with I', ['It was built in 1998.', ' So was I.', ' Both are old.']],
    ['goes on after an ellipsis in small letters', ['Well... maybe not.', ' But...', ' Never.']],
    ['is ended once by several marks', ['What?!', ' No...', ' Yes!!!', ' Done.']],
    ['is ended by the line in lists and headings', ['# Two steps\n\n', '1. Boil the water.\n', '2. Add 3 eggs\n', '- salt\n\n', 'Serve.']],
    ['is ended by special tokens', ['<|im_start|>', 'user\n', 'Hello there<|im_end|>', '\n<|im_start|>', 'assistant\n', '<think>', '\nHm.\n', '</think>', '\n\nHi!', '<|im_end|>']],
    ['is Chinese', ['今天天气很好。', '你去哪儿？', '他说：“我不去！”', '好吧……', '算了。']],
    ['is Japanese', ['これはペンです。「', '行きますか？」', 'と彼は言った。']],
    ['is German', ['Das kostet z.B. 12,50 Euro.', ' Kommen Sie am Montag, bzw. früher?', ' Gut!']],
    ['is French', ['« Bonjour. »', ' M. Dupont arrive.', ' Est-ce vrai ?', ' Oui !']],
    ['is Spanish', ['¿Cómo estás?', ' ¡Muy bien!', ' El Sr. López vino.']],
    ['is Russian', ['Он ушёл.', ' Почему, т.е. зачем?', ' Никто не знает.']],
    ['is Arabic', ['ذهب الولد إلى المدرسة.', ' هل عاد؟', ' نعم!']],
    ['is Hindi', ['वह घर गया।', ' क्या वह आएगा?', ' हाँ।']],
    ['goes on in an address', ['See https://example.org/a?b=c!d for this.', ' Thanks.']],
  ])('%s', (_, expected) => expect(sentences(expected.join(''))).toEqual(expected))

  it('ends inside a token that goes on with the next one', () => expect(sentences('我不知道。你呢？“好。”我说', fakeTokens(['我', '不知道', '。你', '呢', '？“', '好', '。”', '我', '说']))).toEqual(['我不知道。你', '呢？“', '好。”', '我说']))
  it('may have a blank before its mark', () => expect(sentences('Vraiment ? Oui . Non .5 . Bon')).toEqual(['Vraiment ?', ' Oui .', ' Non .5 .', ' Bon']))
  it('has no empty one between paragraphs', () => expect(sentences('One.\n\nTwo\n\n---\n\nThree')).toEqual(['One.\n\n', 'Two\n\n', '---\n\nThree']))
  it('ends at the mark when the line breaks are tokens of their own', () => expect(sentences('One.\n\nTwo.', fakeTokens(['One', '.', '\n\n', 'Two', '.']))).toEqual(['One.', '\n\nTwo.']))
  it('is not ended by a piece of a character', () => expect(sentences('Yes 😀.', fakeTokens(['Yes', ' ', '', '😀', '.']))).toEqual(['Yes 😀.']))
})

describe('at the newest token, when the next one is not known,', () => {
  const ends = (text: string): boolean => {
    const tokens = fakeTokens(cut(text))
    return endsSentence(tokens, tokens.length - 1)
  }
  it.each(['It rains.', 'It rains!', '“It rains.”', 'He wrote "It rains."', 'in 1998.', '好。', 'so …', 'List:\n', 'the end<|im_end|>'])('%j ends', (text) => expect(ends(text)).toBe(true))
  it.each(['It', 'It rains', 'see e.g.', 'Dr.', 'J.', 'U.S.', 'pi is 3.', 'costs 12.', '1.', '\n2.', ' .', 'He wrote "', '', '\n', '---\n', 'a,', 'It rains. ', 'It rains. “'])('%j does not', (text) => expect(ends(text)).toBe(false))
})

it('does not depend on what comes after the next token', () => {
  const tokens = fakeTokens(cut('He came at 3.15 p.m. with Dr. Lee... "Late!" she said. 好。然后呢？ Done.\n\nBye.'))
  for (const { index } of tokens) expect(endsSentence(tokens.slice(0, index + 2), index)).toBe(endsSentence(tokens, index))
})
it('has no end outside of the tokens', () => expect(endsSentence(fakeTokens(['a']), 1)).toBe(false))
