// How the terminal is written to: colour or none, width, progress that leaves no trace. Data goes to stdout, all else to stderr.
import colors from 'picocolors'

type Colors = ReturnType<typeof colors.createColors>

export interface Terminal {
  readonly color: Colors
  /** Columns that a line may take. */
  readonly width: number
  /** Writes to stdout, after the notes that wait. */
  out(text: string): void
  /** Keeps a line for stderr until there is output: should the command fail, its error stands there alone. */
  note(line: string): void
  /** Writes a line to stderr at once; notes that wait are dropped. */
  fail(line: string): void
  /** Shows what is going on, on one line of stderr that the next text replaces; nothing where stderr is no terminal. */
  progress(line: string): void
}

/** Width where there is no terminal to ask. */
const DEFAULT_WIDTH = 100

export function createTerminal(): Terminal {
  let shown = false
  const clear = (): void => {
    if (shown) process.stderr.write('\r\x1b[2K')
    shown = false
  }
  let notes: string[] = []
  return {
    // picocolors heeds NO_COLOR and FORCE_COLOR; a pipe gets plain text.
    color: colors.createColors(colors.isColorSupported && (process.stdout.isTTY || process.env.FORCE_COLOR !== undefined)),
    width: Math.max(40, process.stdout.columns || Number(process.env.COLUMNS) || DEFAULT_WIDTH),
    out(text) {
      clear()
      if (notes.length > 0) process.stderr.write(`${notes.join('\n')}\n`)
      notes = []
      process.stdout.write(text)
    },
    note: (line) => void notes.push(line),
    fail(line) {
      clear()
      notes = []
      process.stderr.write(`${line}\n`)
    },
    progress(line) {
      if (!process.stderr.isTTY) return
      clear()
      if (line !== '') process.stderr.write(line.slice(0, (process.stderr.columns || DEFAULT_WIDTH) - 1))
      shown = line !== ''
    },
  }
}

/** How many columns a text takes: two for East Asian wide characters and pictures, none for marks that combine. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) {
    if (/\p{Mark}|\p{Cf}/u.test(character)) continue
    columns += /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff00-\uff60\uffe0-\uffe6]/u.test(character) ? 2 : 1
  }
  return columns
}

/** The text in exactly `columns` columns: cut with an ellipsis, or followed by blanks. */
export function fit(text: string, columns: number): string {
  let kept = text
  if (columnsOf(text) > columns) {
    const characters = [...text]
    while (columnsOf(characters.join('')) > columns - 1) characters.pop()
    kept = `${characters.join('')}…`
  }
  return kept + ' '.repeat(columns - columnsOf(kept))
}

const EIGHTHS = ' ▏▎▍▌▋▊▉█'

/** A horizontal bar of `share` (0..1) of `columns` columns, in eighths. */
export function bar(share: number, columns: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * columns * 8)
  const whole = '█'.repeat(Math.floor(eighths / 8))
  return (whole + (eighths % 8 ? EIGHTHS[eighths % 8]! : '')).padEnd(columns)
}
