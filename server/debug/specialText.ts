// Tells a special token by its text: a stop token, a role marker, a tag around thinking.

/** The spellings of Qwen, Llama, Gemma and DeepSeek. Words in angle brackets that are no such name, `<b>` for example, are text. */
const SPECIAL = /^<(?:\|[^<>\s]+\||｜[^<>\s]+｜|\/?(?:s|bos|eos|pad|unk|mask|think|tool_call|tool_response|(?:start|end)_of_(?:turn|text)))>$/

export function isSpecialText(text: string): boolean {
  return SPECIAL.test(text)
}
