// Lays rows out as a Markdown table that also reads well in a terminal.
import type { Row } from './row'

const HEAD = ['what', 'ours', 'theirs', 'ratio', 'of the best', 'target', ''] as const

export function tableText(rows: readonly Row[]): string {
  const cells = rows.map(({ what, ours, theirs, ratio, best, target, reached }) => [what, ours, theirs, ratioText(ratio), ratioText(best), target ?? '', reached === null ? '' : reached ? 'reached' : 'missed'])
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(HEAD), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...cells.map(line)].join('\n')
}

const ratioText = (ratio: number | null): string => (ratio === null ? '' : ratio.toFixed(2))

/** One row on a line of its own, to be seen before the table is complete. */
export function lineText({ what, ours, theirs, ratio, best }: Row): string {
  return `${what}: ${ours}${theirs === '' ? '' : `, ${theirs}`}${ratio === null ? '' : `, ratio ${ratioText(ratio)} (best ${ratioText(best)})`}`
}
