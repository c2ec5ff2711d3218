// Pieces of markdown for hovers: model text made harmless, and numbers as bars of block characters.

const ESCAPED = /[\\`*_{}[\]()#+\-.!|<>~&$@:]/g

/** Any text as plain words of one line, safe inside a table and never read as markdown or HTML. */
export function escapeMarkdown(text: string): string {
  return text.replace(/\s+/g, ' ').replace(ESCAPED, '\\$&')
}

/** Any text as code, with blanks and control characters made visible by the signs of the Scope panel and the terminal; the empty text is `∅`. Not for tables, where a pipe would end the cell. */
export function code(text: string): string {
  const visible = text === '' ? '∅' : text.replace(/\r?\n/g, '↵').replace(/\t/g, '⇥').replace(/ /g, '·').replace(/\p{Cc}|\p{Cf}/gu, hexName)
  const longest = Math.max(0, ...[...visible.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = visible.startsWith('`') || visible.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${visible}${pad}${fence}`
}

/** A link with a tip; `words` and `target` are ours, the tip may hold anything. */
export function link(words: string, target: string, tip: string): string {
  const safe = tip.replace(/\s+/g, ' ').replace(/"/g, '”').replace(/[\\`*_[\]<>|&]/g, '\\$&')
  return `[${words}](${target} "${safe}")`
}

/** At most `width` columns, the last one an ellipsis where something was cut. */
export function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) return text
  const kept: string[] = []
  let columns = 1
  for (const character of text) {
    columns += columnsOf(character)
    if (columns > width) break
    kept.push(character)
  }
  return `${kept.join('').trimEnd()}…`
}

/** About how wide a text is: East Asian characters and pictures take two columns, all others one. */
export function columnsOf(text: string): number {
  return [...text].reduce((columns, character) => columns + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}|[\u{20000}-\u{3fffd}]/u.test(character) ? 2 : 1), 0)
}

/** `fraction` 0..1 of `width` cells; anything above 0 shows at least one. */
export function bar(fraction: number, width: number): string {
  const filled = fraction > 0 ? Math.max(1, Math.min(width, Math.round(fraction * width))) : 0
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** One cell whose height is the fraction. */
export function smallBar(fraction: number): string {
  return '▁▂▃▄▅▆▇█'[Math.min(7, Math.floor(fraction * 8))]!
}

/** A probability from its natural logarithm: `61 %`, `3.2 %`, `<0.1 %`. */
export function percent(logprob: number): string {
  const value = Math.exp(logprob) * 100
  if (value < 0.1) return '<0.1 %'
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} %`
}

/** An activation with three significant digits, never in scientific notation: `31.2`, `0.08`, `1240`. */
export function activationText(activation: number): string {
  if (activation === 0) return '0'
  const decimals = Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(activation)))))
  return activation.toFixed(decimals)
}

function hexName(character: string): string {
  return `⟨${character.codePointAt(0)!.toString(16)}⟩`
}
