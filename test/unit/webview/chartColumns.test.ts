// Grouping a long run into the columns of a narrow chart.
import { expect, it } from 'vitest'
import { chartColumns, columnOf } from '../../../webview/widgets/chartColumns'

it('gives every value a column of its own while there is room', () => {
  expect(chartColumns([3, 1, 2], 3)).toEqual([{ first: 0, index: 0 }, { first: 1, index: 1 }, { first: 2, index: 2 }])
  expect(chartColumns([], 10)).toEqual([])
})

it('lets each column stand for its greatest value, the first of equals', () => {
  expect(chartColumns([0, 5, 0, 0, 2, 2, 9], 3)).toEqual([{ first: 0, index: 1 }, { first: 3, index: 4 }, { first: 6, index: 6 }])
})

it('loses no peak and finds every value its column', () => {
  const values = Array.from({ length: 4001 }, (_unused, i) => (i * 7919) % 1009)
  const columns = chartColumns(values, 480)
  expect(columns.length).toBeLessThanOrEqual(480)
  expect(Math.max(...columns.map(({ index }) => values[index]!))).toBe(Math.max(...values))
  values.forEach((value, i) => expect(values[columns[columnOf(columns, i)]!.index]).toBeGreaterThanOrEqual(value))
})

it('has one column when one is enough', () => {
  expect(columnOf(chartColumns([4], 10), 0)).toBe(0)
})
