// A token's text made visible: spaces, tabs and line breaks as marks, partial characters as their bytes.

/** Line breaks that should follow the token where tokens flow as text. */
export interface VisibleToken {
  /** The text to draw; never empty. A leading space is left to the style sheet. */
  readonly text: string
  readonly leadingSpace: boolean
  readonly lineBreaks: number
  /** True for text such as `<|im_start|>`. */
  readonly special: boolean
  /** True when the token is not whole characters: `⟨e4⟩`. */
  readonly partial: boolean
}

/** Splits a token's display text into what is drawn and how. */
export function visibleToken(display: string): VisibleToken {
  const leadingSpace = display.startsWith(' ') && display.length > 1 && display[1] !== ' '
  const body = leadingSpace ? display.slice(1) : display
  return {
    text: body === '' ? '∅' : visibleText(body),
    leadingSpace,
    lineBreaks: body.split('\n').length - 1,
    special: /^<\|[^|]*\|>$|^<\/?[a-z_]+>$/.test(display),
    partial: /⟨[0-9a-f]{2}⟩/.test(display),
  }
}

/** All whitespace of `text` as marks, on one line. */
export function visibleText(text: string): string {
  return text.replace(/\r\n|\n/g, '↵').replace(/\r/g, '␍').replace(/\t/g, '⇥').replace(/ /g, '·').replace(/\u00a0|\u3000/g, '⍽')
}

/** Spoken form of a token: words for what cannot be heard. */
export function spokenToken(display: string): string {
  const words = display.replace(/\n/g, ' line break ').replace(/\t/g, ' tab ').trim()
  return words === '' ? (display === '' ? 'no text' : 'space') : words
}
