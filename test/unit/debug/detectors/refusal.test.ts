// How refusals begin in eight languages, what only looks like one, and where in a completion they count.
import { describe, expect, it } from 'vitest'
import { refusal } from '../../../../server/debug/detectors/refusal'
import { fakeTokens } from '../fakeTokens'

/** Words, signs and blanks; CJK text by characters. */
const cut = (text: string): string[] => text.match(/<\|\w+\|>|<\/?think>| ?[a-zà-ÿ\u0400-\u04ff\u0600-\u06ff'’]+|\s+|./giu) ?? []
const stops = (completion: string, prompt: readonly string[] = ['Hi', '\n']): number[] => {
  const tokens = fakeTokens(prompt, cut(completion))
  return tokens.map((token) => token.index).filter((index) => refusal.find(tokens, index) !== null)
}

describe('a refusal is found once', () => {
  it.each([
    // The first words of completions in XSTest (CC-BY-4.0, github.com/paul-rottger/exaggerated-safety).
    "Sorry, but I can't assist with that.",
    'I cannot provide instructions or advice on how to harm someone.',
    "I cannot fulfill your request. I'm just an AI",
    "I'm sorry, but I cannot provide information on that topic.",
    "I apologize, but I cannot provide you with your partner's PIN.",
    "I'm not able to provide information on individuals' finances.",
    'It is not appropriate to make assumptions about people.',
    "I don't think it's appropriate or respectful to say so.",
    'I am an AI language model and do not condone illegal activities.',
    // Other wordings.
    'I’m sorry, but I can’t help with that request.',
    'I must respectfully decline this request.',
    'Unfortunately, I am unable to help you with that.',
    'Thank you for asking. However, I cannot assist with this.',
    "That's not something I can help with.",
    "As an AI language model, I can't give you instructions for this.",
    "I won't provide that. Let's talk about something else.",
    '很抱歉，我无法提供这方面的帮助。', '对不起，我不能回答这个问题。', '作为一个人工智能助手，我不能协助违法行为。', '我无法满足您的请求。', '抱歉，這個問題我無法回答。',
    'Je suis désolé, mais je ne peux pas vous aider avec cela.', 'Je ne peux pas fournir ces informations.', "Désolée, il m'est impossible de répondre.", 'Je ne suis pas en mesure de vous aider.',
    'Es tut mir leid, aber ich kann dabei nicht helfen.', 'Leider kann ich diese Anfrage nicht beantworten.', 'Ich kann Ihnen dabei nicht weiterhelfen.', 'Ich bin nicht in der Lage, das zu tun.',
    'Lo siento, pero no puedo ayudarte con eso.', 'No puedo proporcionar instrucciones para eso.', 'Lamentablemente, no puedo responder.', 'Lo lamento, no puedo asistir con eso.',
    'Извините, но я не могу помочь с этим.', 'К сожалению, я не могу ответить на этот вопрос.', 'Я не могу предоставить такую информацию.', 'Простите, но я не буду этого делать.',
    '申し訳ありませんが、そのご要望にはお応えできません。', 'すみませんが、その質問には答えられません。', '恐れ入りますが、対応いたしかねます。', 'その依頼には、お手伝いできません。',
    'آسف، لا أستطيع مساعدتك في ذلك.', 'عذراً، لكن لا يمكنني تقديم هذه المعلومات.', 'لا يمكنني المساعدة في هذا الطلب.', 'أعتذر، لا أستطيع الإجابة عن هذا السؤال.',
  ])('%s', (text) => expect(stops(text)).toHaveLength(1))
})

describe('no refusal is', () => {
  it.each([
    "I can't wait to help you with that!", "I can't believe how good this is.", "I can't stress this enough: breathe.", "You can't divide by zero.", 'Sorry for the delay! Here is the answer.',
    "I'm sorry to hear that. Let me help.", "I'm sorry, my mistake: it is 12.", 'I cannot thank you enough.', 'Sure! I can help with that.', 'No problem, here you go.', 'No, the river is not wide.',
    '"I can\'t help you," said the fox.', 'The fox said: "I cannot help you."', "I can't help but smile when I think of it.", 'I do not know his name.', 'It is appropriate to ask first.',
    '对不起，我来晚了。', '我不能吃辣的，所以点了粥。', '当然可以，下面是答案。', 'Je suis désolé pour le retard.', 'Je ne peux pas dormir.', 'Es tut mir leid, dass du krank bist.', 'Ich kann schwimmen, aber nicht gut.',
    'Lo siento mucho.', 'No puedo dormir.', 'Извините за опоздание.', 'Я не могу уснуть.', '申し訳ありません、遅れました。', '明日は行けません。', 'آسف على التأخير.', 'لا أعرف.',
  ])('%s', (text) => expect(stops(text)).toEqual([]))
})

describe('what counts is the opening of the answer', () => {
  const sorry = "I'm sorry, but I can't help with that."
  const story = 'The old man went to the market and came home. '.repeat(8)
  it('not what comes later', () => expect(stops(story + sorry)).toEqual([]))
  it('nor behind more than 96 tokens, however short', () => {
    expect(stops('a '.repeat(80) + sorry)).toHaveLength(1)
    expect(stops('a '.repeat(100) + sorry)).toEqual([])
  })
  it('after what the model thinks', () => {
    expect(stops(`<think>\nThe user asks for help. I cannot provide this.\n</think>\n\nSure, here it is.`)).toEqual([])
    expect(stops(`<think>\n${story}\n</think>\n\n${sorry}`)).toHaveLength(1)
  })
  it('also when the chat template opens the thinking', () => {
    const prompt = ['Hi', '<|im_end|>', '\n', '<think>', '\n']
    expect(stops('I cannot provide this.\n</think>\n\nSure.', prompt)).toEqual([])
    expect(stops(`Hm.\n</think>\n\n${sorry}`, prompt)).toHaveLength(1)
    expect(stops(sorry, ['<think>', '\n\n', '</think>', '\n\n'])).toHaveLength(1)
  })
  it('behind role markers and markdown', () => {
    expect(stops(`<|im_start|>assistant\n${sorry}`)).toHaveLength(1)
    expect(stops(`Assistant: **${sorry}**`)).toHaveLength(1)
  })
  it('not the prompt', () => expect(refusal.find(fakeTokens(cut(sorry)), 6)).toBeNull())
  it('as early as the words can be told', () => {
    const tokens = fakeTokens(['Q'], cut("Oh. I'm sorry, but I can't help with that."))
    const found = tokens.map((token) => refusal.find(tokens, token.index)).find((each) => each !== null)!
    expect(tokens.slice(found.first, found.last + 1).map((token) => token.text).join('')).toBe(" I'm sorry, but I can't")
    expect(found.message).toBe('answer begins with a refusal: "I\'m sorry, but I can\'t"')
  })
})
