// What the model is fed for a prompt file, and where each token stands in it.
import { describe, expect, it } from 'vitest'
import { preparePrompt, prepareText, prepareTokenIds, promptOfRun, type PromptModel } from '../../../server/runs/preparePrompt'
import { fakeRun } from './fakeRun'

// Every character is a token whose id is its code; `<|end|>` is one token.
const tokenizer: PromptModel['tokenizer'] = {
  encode: (text) => [...text.matchAll(/<\|end\|>|[\s\S]/gu)].map((match) => ({ id: match[0].codePointAt(0)!, start: match.index, end: match.index + match[0].length })),
  pieces: (ids) => ids.map((id) => ({ text: String.fromCodePoint(id), display: String.fromCodePoint(id) })),
  display: (id) => String.fromCodePoint(id),
  leastTokens: (text) => Math.ceil(text.length / 7),
  idOf: (text) => (text === '<|end|>' ? 7 : null),
  createTextStream: () => ({ push: (id) => String.fromCodePoint(id), end: () => '' }),
}
const chatTemplate = "{% for m in messages %}[{{ m.role }}]{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
const model: PromptModel = { tokenizer, chatTemplate }
const prepare = (fileName: string, text: string, mode: 'auto' | 'raw' | 'chat' = 'auto', promptModel = model) => preparePrompt({ fileName, text, promptModel, mode })

/** The fed text with each token's place in the file behind it where they differ: what a reader checks at a glance. */
function places(file: string, prepared: ReturnType<typeof prepare>): string {
  return prepared.tokens.map(({ text, promptRange }) => (promptRange ? `${text}=${file.slice(promptRange.start, promptRange.end)}` : `${text}`)).join(' ')
}

describe('a plain file', () => {
  it('goes in as it is, each token at its own place', () => {
    const prepared = prepare('a.txt', 'Hé!\n')
    expect(prepared.renderedText).toBe('Hé!')
    expect(prepared.tokens.map(({ range, promptRange }) => [range, promptRange])).toEqual([0, 1, 2].map((at) => [{ start: at, end: at + 1 }, { start: at, end: at + 1 }]))
  })
  it('may be put into the chat template', () => expect(prepare('a.txt', 'Hi', 'chat').renderedText).toBe('[user]Hi<|end|>[assistant]'))
})

describe('a model whose texts begin with a token of their own', () => {
  const llama: PromptModel = { tokenizer, chatTemplate: '{{ bos_token }}' + chatTemplate, textPrefix: '<|end|>', templateVariables: { bos_token: '<|end|>' } }
  it('is fed that token before a raw text, which stands nowhere in the file', () => {
    const prepared = prepare('a.txt', 'Hi', 'raw', llama)
    expect(prepared.renderedText).toBe('<|end|>Hi')
    expect(prepared.tokens.map(({ range, promptRange }) => [range, promptRange])).toEqual([[{ start: 0, end: 7 }, null], [{ start: 7, end: 8 }, { start: 0, end: 1 }], [{ start: 8, end: 9 }, { start: 1, end: 2 }]])
    expect(prepareText('Hi', llama, 'raw').renderedText).toBe('<|end|>Hi')
  })
  it('is not fed it twice', () => expect(prepare('a.txt', '<|end|>Hi', 'raw', llama).renderedText).toBe('<|end|>Hi'))
  it('is cut into tokens as if the text stood alone behind it', () => {
    // As SentencePiece does it: a text's first character is another token than the same character further on.
    const atStart: PromptModel = { ...llama, tokenizer: { ...tokenizer, encode: (text) => tokenizer.encode(text).map((token) => (token.start === 0 ? { ...token, id: 99 } : token)) } }
    expect(prepare('a.txt', 'Hi', 'raw', atStart).ids).toEqual([99, 99, 'i'.codePointAt(0)])
  })
  it('gets it from its chat template in a chat', () => expect(prepare('a.txt', 'Hi', 'chat', llama).renderedText).toBe('<|end|>[user]Hi<|end|>[assistant]'))
})

describe('a file with roles', () => {
  const file = '---\nconfig:\n  temperature: 0.5\n  maxOutputTokens: 9\n  stopSequences: ["<|end|>", "over"]\npromptscope:\n  edits: [L1/2 = 0]\ninput:\n  default:\n    who: ab\n---\n{{role "user"}}\nHi {{who}}.\n'
  it('goes through the chat template; tokens of the template stand nowhere in the file, a variable’s at its braces', () => {
    const prepared = prepare('a.prompt', file)
    expect(prepared.renderedText).toBe('[user]Hi ab.<|end|>[assistant]')
    expect(places(file, prepared)).toBe('[ u s e r ] H=H i=i  =  a={{who}} b={{who}} .=. <|end|> [ a s s i s t a n t ]')
  })
  it('is fed raw on request', () => expect(prepare('a.prompt', file, 'raw').renderedText).toBe('Hi ab.'))
  it('says what its front matter wants; a stop text that is no token is a warning', () => {
    const { choices, problems } = prepare('a.prompt', file)
    expect(choices).toEqual({ temperature: 0.5, generate: 9, stopIds: [7], edits: [{ feature: { layer: 1, feature: 2 }, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } }] })
    expect(problems.map(({ severity, message }) => [severity, message])).toEqual([['warning', 'front matter stop "over" is not one token of this model, so it stops nothing']])
  })
  it('sets variables of the chat template, and hears of those that the template does not read', () => {
    const thinking: PromptModel = { tokenizer, chatTemplate: "{% if tools %}{{ tools | tojson }}{% endif %}" + chatTemplate + "{% if enable_thinking is false %}(no thinking){% endif %}" }
    const front = '---\npromptscope:\n  template:\n    enable_thinking: false\n    tools: [{ name: f }]\n    colour: red\n---\n{{role "user"}}\nHi\n'
    const prepared = prepare('a.prompt', front, 'auto', thinking)
    expect(prepared.renderedText).toBe('[{"name": "f"}][user]Hi<|end|>[assistant](no thinking)')
    expect(prepared.problems.map(({ severity, message }) => [severity, message])).toEqual([['warning', 'front matter promptscope.template.colour is not read by the chat template of this model, so it changes nothing']])
    expect(prepare('a.prompt', front, 'raw', thinking)).toMatchObject({ renderedText: 'Hi', problems: [] })
  })
  it('that ends with the assistant’s words has them continued', () => {
    expect(prepare('a.prompt', '{{role "user"}}\nHi\n{{role "model"}}\nWell,').renderedText).toBe('[user]Hi<|end|>[assistant]Well,')
  })
  it('needs a model with a chat template', () => {
    expect(() => prepare('a.prompt', file, 'auto', { tokenizer, chatTemplate: null })).toThrow('prompt a.prompt needs a chat template and the model has none')
  })
})

describe('what cannot be run', () => {
  it('is named with its line', () => expect(() => prepare('b.prompt', '---\nconfig:\n  temperature: hot\n---\nHi')).toThrow(/^b\.prompt:3 .*temperature/))
  it('is an empty prompt', () => {
    expect(() => prepare('a.txt', '')).toThrow('a.txt:1 prompt is empty')
    expect(() => prepareText('', model, 'raw')).toThrow('prompt is empty')
    expect(() => prepareTokenIds([], tokenizer)).toThrow('prompt has no token ids')
  })
})

it('feeds text to the last character', () => expect(prepareText('Hi\n', model, 'raw').ids).toEqual([72, 105, 10]))

it('feeds an earlier run’s prompt again', () => {
  const prepared = promptOfRun(fakeRun(['Hi', ' you'], [' there']))
  expect([prepared.renderedText, prepared.ids.length]).toEqual(['Hi you', 2])
})
