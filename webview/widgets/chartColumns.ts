// Values grouped into at most so many columns, each showing its greatest: a long run fits a narrow chart and no peak is lost.

/** A run of neighbouring values drawn as one. */
export interface ChartColumn {
  /** Index of the first value of the column. */
  readonly first: number
  /** Index of the greatest value of the column: what the column stands for. */
  readonly index: number
}

/** Groups `values` evenly, in order, into at most `limit` columns; each stands for its greatest value. */
export function chartColumns(values: readonly number[], limit: number): readonly ChartColumn[] {
  const size = Math.max(1, Math.ceil(values.length / Math.max(1, limit)))
  const columns: ChartColumn[] = []
  for (let first = 0; first < values.length; first += size) {
    let index = first
    for (let i = first + 1; i < Math.min(first + size, values.length); i++) if (values[i]! > values[index]!) index = i
    columns.push({ first, index })
  }
  return columns
}

/** Which column holds the value at `index`. */
export function columnOf(columns: readonly ChartColumn[], index: number): number {
  const size = columns.length > 1 ? columns[1]!.first : Infinity
  return Math.floor(index / size)
}
