// One value per token as bars on a canvas, with the selected token and a boundary marked; colours come from the theme.
import { BarController, BarElement, CategoryScale, Chart, LinearScale, Tooltip, type ChartConfiguration, type Plugin } from 'chart.js'
import { chartColumns, columnOf, type ChartColumn } from './chartColumns'
import { element } from './element'
import { onThemeChange, themeColour, themeFont } from './theme'

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip)

/** What the chart draws. Arrays have one entry per token. */
export interface ActivationSeries {
  readonly values: readonly number[]
  /** A second side, drawn in front; null where there is only one. */
  readonly after: readonly number[] | null
  /** Top of the axis; greater values are cut off. */
  readonly scale: number
  readonly selected: number | null
  /** Index of the first generated token, or null. */
  readonly boundary: number | null
  /** The sentence that stands for the picture. */
  readonly summary: string
  /** Tooltip of a token: the title line, then the others. */
  words(index: number): readonly [title: string, ...lines: string[]]
}

/** The chart in a frame that gives it its size. */
export interface ActivationChart {
  readonly element: HTMLElement
  update(series: ActivationSeries): void
}

/** What is on the canvas. */
interface Drawing {
  readonly series: ActivationSeries
  readonly columns: readonly ChartColumn[]
  readonly colours: Readonly<Record<'mark' | 'muted' | 'selection', string>>
  readonly font: { readonly family: string; readonly size: number }
}

/** More columns than this are neither seen nor clicked apart. */
const MOST_COLUMNS = 480

/** `onPick` is called with the index of the token whose column was clicked. */
export function createActivationChart(onPick: (index: number) => void): ActivationChart {
  const canvas = element('canvas', { role: 'img' })
  const frame = element('div', { class: 'chart-frame' }, canvas)
  let drawing: Drawing | null = null
  let chart: Chart<'bar', number[], number> | null = null

  const redraw = (series: ActivationSeries): void => {
    const { values, after, scale, summary } = series
    const colours = readColours()
    const font = themeFont()
    const columns = chartColumns(after ? values.map((value, i) => Math.max(value, after[i]!)) : values, MOST_COLUMNS)
    drawing = { series, columns, font, colours }
    chart ??= new Chart(canvas, configuration(() => drawing, onPick))
    canvas.setAttribute('aria-label', summary)
    chart.data.labels = columns.map(({ first }) => first)
    const bars = { grouped: false, barPercentage: 1, categoryPercentage: columns.length > 120 ? 1 : 0.8, maxBarThickness: 24 }
    chart.data.datasets = [
      { data: columns.map(({ index }) => values[index]!), backgroundColor: after ? colours.faded : colours.bar, hoverBackgroundColor: colours.strong, order: 2, ...bars },
      ...(after ? [{ data: columns.map(({ index }) => after[index]!), backgroundColor: colours.after, hoverBackgroundColor: colours.after, order: 1, ...bars }] : []),
    ]
    const { x, y } = chart.options.scales!
    x!.ticks = { ...x!.ticks, color: colours.muted, font }
    y!.ticks = { ...y!.ticks, color: colours.muted, font }
    y!.grid = { ...y!.grid, color: colours.grid }
    y!.max = scale * 1.05
    chart.options.plugins!.tooltip = { ...chart.options.plugins!.tooltip, backgroundColor: colours.tooltip, titleColor: colours.tooltipText, bodyColor: colours.tooltipText, borderColor: colours.grid, bodyFont: font, titleFont: font }
    chart.update('none')
  }
  onThemeChange(() => drawing && redraw(drawing.series))
  return {
    element: frame,
    update(series) {
      if (!drawing || !chart || !sameBars(drawing.series, series)) return redraw(series)
      drawing = { ...drawing, series }
      chart.draw()
    },
  }
}

/** True when only the marks differ, which need no new layout. */
function sameBars(a: ActivationSeries, b: ActivationSeries): boolean {
  return a.scale === b.scale && a.summary === b.summary && sameNumbers(a.values, b.values) && (a.after === b.after || (a.after !== null && b.after !== null && sameNumbers(a.after, b.after)))
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

function configuration(drawing: () => Drawing | null, onPick: (index: number) => void): ChartConfiguration<'bar', number[], number> {
  return {
    type: 'bar',
    data: { labels: [], datasets: [] },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      normalized: true,
      interaction: { mode: 'index', intersect: false, axis: 'x' },
      layout: { padding: { top: 18 } },
      scales: {
        x: { grid: { display: false }, border: { display: false }, ticks: { autoSkip: true, autoSkipPadding: 24, maxRotation: 0 } },
        y: { beginAtZero: true, border: { display: false }, ticks: { maxTicksLimit: 4, padding: 6, includeBounds: false } },
      },
      plugins: {
        tooltip: {
          displayColors: false,
          borderWidth: 1,
          padding: 8,
          cornerRadius: 3,
          caretSize: 0,
          filter: (item, i) => i === 0 && item.datasetIndex >= 0,
          callbacks: {
            title: (items) => wordsAt(drawing(), items[0]?.dataIndex)[0] ?? '',
            label: (item) => wordsAt(drawing(), item.dataIndex).slice(1),
          },
        },
      },
      onClick: (_event, active) => {
        const column = drawing()?.columns[active[0]?.index ?? -1]
        if (column) onPick(column.index)
      },
    },
    plugins: [marks(drawing)],
  }
}

function wordsAt(drawing: Drawing | null, column: number | undefined): readonly string[] {
  const index = drawing?.columns[column ?? -1]?.index
  return drawing && index !== undefined ? drawing.series.words(index) : []
}

/** Draws the selected token's column and the line between prompt and completion. */
function marks(current: () => Drawing | null): Plugin<'bar'> {
  return {
    id: 'marks',
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      const drawing = current()
      if (!drawing || !isShown(drawing, drawing.series.selected)) return
      const width = Math.max(3, chartArea.width / drawing.columns.length)
      ctx.save()
      ctx.fillStyle = drawing.colours.mark
      ctx.fillRect(scales['x']!.getPixelForValue(columnOf(drawing.columns, drawing.series.selected)) - width / 2, chartArea.top, width, chartArea.height)
      ctx.restore()
    },
    afterDatasetsDraw({ ctx, chartArea, scales }) {
      const drawing = current()
      if (!drawing) return
      const { columns, colours, font, series } = drawing
      const { boundary, selected } = series
      ctx.save()
      ctx.font = `${font.size}px ${font.family}`
      ctx.textBaseline = 'bottom'
      if (isShown(drawing, boundary) && boundary > 0) {
        const at = Math.round(scales['x']!.getPixelForValue(columnOf(columns, boundary)) - chartArea.width / columns.length / 2) + 0.5
        ctx.strokeStyle = colours.muted
        ctx.fillStyle = colours.muted
        ctx.setLineDash([3, 3])
        ctx.beginPath()
        ctx.moveTo(at, chartArea.top - 14)
        ctx.lineTo(at, chartArea.bottom)
        ctx.stroke()
        const fits = at + ctx.measureText('completion ').width + 6 < chartArea.right
        ctx.textAlign = fits ? 'left' : 'right'
        ctx.fillText('completion', at + (fits ? 5 : -5), chartArea.top - 3)
      }
      if (isShown(drawing, selected)) {
        const at = scales['x']!.getPixelForValue(columnOf(columns, selected))
        ctx.fillStyle = colours.selection
        ctx.beginPath()
        ctx.moveTo(at - 4, chartArea.bottom + 7)
        ctx.lineTo(at + 4, chartArea.bottom + 7)
        ctx.lineTo(at, chartArea.bottom + 1)
        ctx.fill()
      }
      ctx.restore()
    },
  }
}

function isShown(drawing: Drawing, index: number | null): index is number {
  return index !== null && index < drawing.series.values.length
}

function readColours() {
  return {
    bar: themeColour('--scope-bar'),
    strong: themeColour('--scope-bar-strong'),
    faded: themeColour('--scope-bar-faded'),
    after: themeColour('--scope-bar-after'),
    muted: themeColour('--scope-muted'),
    grid: themeColour('--scope-line'),
    mark: themeColour('--scope-column'),
    selection: themeColour('--scope-foreground'),
    tooltip: themeColour('--scope-tooltip'),
    tooltipText: themeColour('--scope-tooltip-text'),
  }
}
