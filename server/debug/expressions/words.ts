// The words of the expression language, each with the sentence that explains it: completion, hover and docs/debugging.md say the same.

export interface Word {
  readonly word: string
  /** How it is written, with example numbers: `top(14, 5)`. */
  readonly form: string
  readonly kind: 'value' | 'function' | 'operator'
  /** One sentence without a full stop. */
  readonly help: string
  /** Whether it takes a look into the model that only Watch, hover and the debug console take. */
  readonly looks: boolean
}

const value = (word: string, help: string): Word => ({ word, form: word, kind: 'value', help, looks: false })
const call = (word: string, form: string, help: string): Word => ({ word, form, kind: 'function', help, looks: false })
const operator = (word: string, form: string, help: string): Word => ({ word, form, kind: 'operator', help, looks: false })

export const WORDS: readonly Word[] = [
  call('act', 'act(L14/6159)', "the feature's activation on this token, 0 where it does not fire; L14/6159 alone is the same, and alone as a condition it means above 0"),
  call('top', 'top(14, 5)', 'the strongest features of layer 14 on this token, at most 5; top(14) lists 10'),
  call('norm', 'norm(14)', 'Euclidean length of the residual of layer 14, which must have an SAE, as it arrived'),
  value('prob', 'probability of this token given those before it, 0 to 1; unknown for the first token'),
  value('logprob', 'natural logarithm of prob; unknown for the first token'),
  value('entropy', 'of the distribution that this token was taken from, in nats; unknown for the first token'),
  value('rank', "this token's place in that distribution, 1 for the likeliest; unknown for the first token"),
  value('text', 'text of this token; empty where it ends inside a character'),
  value('id', "this token's number in the vocabulary"),
  value('position', 'its place, counted from 0 over prompt and generated tokens'),
  value('generated', 'whether it was generated rather than given by the prompt'),
  value('completion', 'generated text up to and with this token'),
  call('token', 'token(-1)', 'another token: token(12) by its position, token(-1) the one before; of it .text, .id, .position and .generated can be asked'),
  { ...value('next', 'what may come next: the likeliest tokens with their probabilities'), looks: true },
  { ...call('lens', 'lens(14)', 'what the model would say after layer 14 (logit lens): the likeliest tokens with their probabilities'), looks: true },
  operator('matches', 'text matches /^[a-z]+/i', 'whether the regular expression is found in the text (RE2: no lookaround, no back references); =~ is the same'),
  operator('in', 'L14/6159 in top(14, 5)', 'whether the feature is among the strongest of its layer'),
  operator('and', 'prob < 0.1 and generated', 'whether both hold; && is the same'),
  operator('or', 'rank > 5 or entropy > 3', 'whether one of them holds; || is the same'),
  operator('not', 'not text == "the"', 'whether what follows does not hold, up to the next and, or; ! is the same'),
  value('true', 'yes'),
  value('false', 'no'),
]

/** Other spellings of operators. */
export const SPELLINGS: Readonly<Record<string, string>> = { '&&': 'and', '||': 'or', '!': 'not', '=~': 'matches' }

/** Operators that are words; nothing else can be called so. */
export const OPERATOR_WORDS: readonly string[] = WORDS.filter(({ kind }) => kind === 'operator').map(({ word }) => word)

/** What can be asked of another token, `token(-1).text`. */
export const MEMBERS = ['text', 'id', 'position', 'generated'] as const

/** The word with that name, or undefined. */
export function wordOf(name: string): Word | undefined {
  return WORDS.find(({ word }) => word === name)
}
