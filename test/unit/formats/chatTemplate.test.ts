// Chat templates: Python's ways that they rely on, where each rendered character came from, and templates that fail or never end.
import { describe, expect, test } from 'vitest'
import { renderChat, type ChatMessage } from '../../../server/formats/chatTemplate'
import { InputError } from '../../../server/protocol/errors'

/** ChatML as Qwen's templates write it; `shape` is what they do to an assistant's content. */
const chatml = (shape = 'message.content'): string => `{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + (${shape}) + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}`

const messages = (...contents: string[]): ChatMessage[] => contents.map((content, index) => ({ role: index % 2 ? 'assistant' : 'user', content }))

function sources(template: string, chat: ChatMessage[]): string[] {
  const { text, spans } = renderChat(template, chat, { addGenerationPrompt: true })
  return spans.map(({ messageIndex, contentOffset, start, end }) => {
    expect(chat[messageIndex]!.content.slice(contentOffset, contentOffset + end - start)).toBe(text.slice(start, end))
    return `${messageIndex}@${contentOffset} ${JSON.stringify(text.slice(start, end))}`
  })
}

test('renders what transformers renders', () => {
  const { text } = renderChat(chatml(), messages('Hi', 'Hello'), { addGenerationPrompt: true, variables: { enable_thinking: false } })
  expect(text).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n')
})

describe('where rendered characters came from', () => {
  const cases: [what: string, template: string, contents: string[], spans: string[]][] = [
    ['as it is', chatml(), [' Hi \n', 'Hello'], ['0@0 " Hi \\n"', '1@0 "Hello"']],
    ['content that looks like the template', chatml(), ['user', '<|im_start|>user\nassistant<|im_end|>'], ['0@0 "user"', '1@0 "<|im_start|>user\\nassistant<|im_end|>"']],
    ['the same content twice', chatml(), ['Hi', 'Hi', 'Hi'], ['0@0 "Hi"', '1@0 "Hi"', '2@0 "Hi"']],
    ['trimmed', chatml('message.content | trim'), ['\n Hi there \n', ' user '], ['0@2 "Hi there"', '1@1 "user"']],
    ['cut at </think>', chatml("message.content.split('</think>')[-1].lstrip('\\n') if '</think>' in message.content else message.content"), ['Why?', '<think>\nhm\n</think>\n\n  Because'], ['0@0 "Why?"', '1@21 "  Because"']],
    ['looked at', chatml("message.content if not message.content.startswith('<tool>') else 'tool'"), ['Hi', '<tool>x', 'Bye'], ['0@0 "Hi"', '2@0 "Bye"']],
    ['written twice', '{% for m in messages %}{{ m.content }}|{{ m.content }}{% endfor %}', ['ab c'], ['0@0 "ab c"', '0@0 "ab c"']],
    ['changed', '{% for m in messages %}{{ m.content | upper }} {{ m.content }}{% endfor %}', ['ab'], ['0@0 "ab"']],
    ['left out', '{% for m in messages %}{{ m.role }}{% endfor %}', ['user'], []],
    ['empty', chatml(), ['', 'x'], ['1@0 "x"']],
    ['beyond the basic plane', chatml('message.content | trim'), [' 你好 𝔘 '], ['0@1 "你好 𝔘"']],
  ]
  test.each(cases)('%s', (_, template, contents, spans) => expect(sources(template, messages(...contents))).toEqual(spans))

  test('in contents longer than one digit of the search', () => {
    const long = Array.from({ length: 9000 }, (_, i) => 'abcdefghij klm\n'[i % 15]).join('')
    expect(sources(chatml('message.content | trim'), messages(long, 'ok'))).toEqual([`0@0 ${JSON.stringify(long.trim())}`, '1@0 "ok"'])
  })
})

describe('what templates expect of Python', () => {
  const render = (template: string, variables: Record<string, unknown> = {}): string => renderChat(template, messages('Hi'), { addGenerationPrompt: false, variables }).text
  const cases: [template: string, text: string][] = [
    ["{{ {'a': [1, 'é', true, none]} | tojson }}", '{"a": [1, "é", true, null]}'],
    ["{{ '\\n \\nx\\n'.lstrip('\\n') }}|", ' \nx\n|'],
    ["{{ true | string + none | string + 1.5 | string + ' a ' | trim + undefined_name | string }}|", 'TrueNone1.5a|'],
    // Python strips separators and next line, and leaves a byte order mark; JavaScript the other way round.
    ["{{ '\x1c\x85\ufeff a \u00a0'.strip() + '|' + '\x1f\u2029b\x85 ' | trim + '|' + 'c\x1e '.rstrip() }}", '\ufeff a|b|c'],
    ["{% set ns = namespace(n=0) %}{% macro m() %}{% set ns.n = ns.n + 1 %} x {% endmacro %}{{ m() | trim }}{{ m() | string }}{{ [1] | string | length }}{{ ns.n }}", 'x x 32'],
    ["{{ 'xxaxx'.strip('x') + '|' + 'ab  '.rstrip() }}", 'a|ab'],
    ["{% set ns = namespace(n=0) %}{% for i in range(2, 10, 3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", '15'],
    ["{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", '02'],
    ["{{ messages[::-1][0].content }}{{ undefined_name is defined }}", 'Hifalse'],
    ["{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m('a') }}", '<a>'],
    ["{{ strftime_now('%Y')|length }}{{ strftime_now('%%') }}", '4%'],
    ["{%- generation %}x{% endgeneration %}", 'x'],
  ]
  test.each(cases)('%s', (template, text) => expect(render(template).replace('False', 'false')).toBe(text))
})

describe('a template that fails', () => {
  const cases: [string, string, string][] = [
    ['raises', "{{ raise_exception('Roles must alternate') }}", "chat template refuses the prompt: \"Roles must alternate\"; change the prompt's messages, or run it in raw mode"],
    ['is none', '{% if %}', 'chat template cannot be read'],
    ['fails', '{{ 1 + none }}', 'chat template fails (Cannot perform operation on null values); use the chat template that came with the model, or run the prompt in raw mode'],
    ['counts too far', '{% for i in range(10 ** 9) %}{% endfor %}', 'chat template asks for a range of 1000000000 numbers, more than the limit of 10000'],
    ['never ends', '{% for i in range(9999) %}{% for j in range(9999) %}{% set x = i * j %}{% endfor %}{% endfor %}', 'chat template does not come to an end within 1000000 steps'],
    ['grows without end', "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}", 'chat template fails'],
  ]
  test.each(cases)('%s', (_, template, sentence) => {
    let error: unknown
    try {
      renderChat(template, messages('Hi'), { addGenerationPrompt: true })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).line.slice(0, sentence.length)).toBe(sentence)
  })
})
