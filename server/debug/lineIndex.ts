// Where the lines of a text begin and end: turns offsets into lines and columns and back.
import type { TextPosition } from './textPosition'

/** Of a text with at least one line. Offsets and columns are UTF-16 code units; lines are 0-based. */
export interface LineIndex {
  lineCount(): number
  /** Without its line ending. */
  lengthOf(line: number): number
  /** An offset inside a line ending stands at the end of its line; one beyond the text at its end. */
  positionAt(offset: number): TextPosition
  /** A column beyond its line stands at the line's end, a line beyond the text at the text's end. */
  offsetAt(position: TextPosition): number
}

/** Of a file, as VS Code reads it: a line ends with CR LF, LF or CR, and a byte order mark at the start has no column. */
export function fileLines(text: string): LineIndex {
  const starts = [text.startsWith('\uFEFF') ? 1 : 0]
  const ends: number[] = []
  for (const { 0: ending, index } of text.matchAll(/\r\n|\n|\r/g)) {
    ends.push(index)
    starts.push(index + ending.length)
  }
  ends.push(text.length)
  return lineIndex(starts, (line) => ends[line]!)
}

/** Of a run document, which grows. Its lines end with LF only: it shows carriage returns as `␍`. */
export interface GrowingLines extends LineIndex {
  append(text: string): void
}

export function growingLines(): GrowingLines {
  const starts = [0]
  let length = 0
  return {
    ...lineIndex(starts, (line) => (line + 1 < starts.length ? starts[line + 1]! - 1 : length)),
    append(text) {
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(length + at + 1)
      length += text.length
    },
  }
}

function lineIndex(starts: readonly number[], endOf: (line: number) => number): LineIndex {
  return {
    lineCount: () => starts.length,
    lengthOf: (line) => endOf(line) - starts[line]!,
    positionAt(offset) {
      let [low, high] = [0, starts.length - 1]
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if (starts[middle]! <= offset) low = middle
        else high = middle - 1
      }
      return { line: low, column: Math.max(0, Math.min(offset, endOf(low)) - starts[low]!) }
    },
    offsetAt({ line, column }) {
      if (line >= starts.length) return endOf(starts.length - 1)
      return Math.min(starts[line]! + column, endOf(line))
    },
  }
}
