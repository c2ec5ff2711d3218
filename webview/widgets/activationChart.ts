// One value per token as bars on a canvas, with the selected token and a boundary marked; colours come from the theme.
import { BarController, BarElement, CategoryScale, Chart, LinearScale, Tooltip, type ChartConfiguration, type Plugin } from 'chart.js'
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

export interface ActivationChart {
  readonly element: HTMLElement
  update(series: ActivationSeries): void
}

/** `onPick` is called with the index of the token whose column was clicked. */
export function createActivationChart(onPick: (index: number) => void): ActivationChart {
  const canvas = element('canvas', { role: 'img' })
  const frame = element('div', { class: 'chart-frame' }, canvas)
  let series: ActivationSeries | null = null
  let chart: Chart<'bar', number[], number> | null = null

  const redraw = (): void => {
    if (!series) return
    chart ??= new Chart(canvas, configuration(() => series, onPick))
    const colours = readColours()
    const font = themeFont()
    const { values, after, scale, summary } = series
    canvas.setAttribute('aria-label', summary)
    chart.data.labels = values.map((_value, i) => i)
    // Columns narrower than a pixel would fade away: give them a width of their own.
    const columnWidth = (frame.clientWidth - 48) / Math.max(1, values.length)
    const bars = columnWidth < 2 ? { barThickness: 2 } : { barPercentage: 1, categoryPercentage: columnWidth > 6 ? 0.8 : 1, maxBarThickness: 24 }
    chart.data.datasets = [
      { data: [...values], backgroundColor: after ? colours.faded : colours.bar, hoverBackgroundColor: colours.strong, grouped: false, order: 2, ...bars },
      ...(after ? [{ data: [...after], backgroundColor: colours.after, hoverBackgroundColor: colours.after, grouped: false, order: 1, ...bars }] : []),
    ]
    const { x, y } = chart.options.scales!
    x!.ticks = { ...x!.ticks, color: colours.axis, font }
    y!.ticks = { ...y!.ticks, color: colours.axis, font }
    y!.grid = { ...y!.grid, color: colours.grid }
    y!.max = scale * 1.05
    chart.options.plugins!.tooltip = { ...chart.options.plugins!.tooltip, backgroundColor: colours.tooltip, titleColor: colours.tooltipText, bodyColor: colours.tooltipText, borderColor: colours.grid, bodyFont: font, titleFont: font }
    chart.update('none')
  }
  onThemeChange(redraw)
  return {
    element: frame,
    update(next) {
      series = next
      redraw()
    },
  }
}

function configuration(series: () => ActivationSeries | null, onPick: (index: number) => void): ChartConfiguration<'bar', number[], number> {
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
            title: (items) => items[0] ? (series()?.words(items[0].dataIndex)[0] ?? '') : '',
            label: (item) => series()?.words(item.dataIndex).slice(1) ?? '',
          },
        },
      },
      onClick: (_event, active) => {
        if (active[0]) onPick(active[0].index)
      },
    },
    plugins: [marks(series)],
  }
}

/** Draws the selected token's column and the line between prompt and completion. */
function marks(series: () => ActivationSeries | null): Plugin<'bar'> {
  return {
    id: 'marks',
    beforeDatasetsDraw(chart) {
      const { selected, values } = series() ?? { selected: null, values: [] }
      if (selected === null || selected >= values.length) return
      const { ctx, chartArea, scales } = chart
      const step = chartArea.width / values.length
      const width = Math.max(3, step)
      ctx.save()
      ctx.fillStyle = themeColour('--scope-column')
      ctx.fillRect(scales['x']!.getPixelForValue(selected) - width / 2, chartArea.top, width, chartArea.height)
      ctx.restore()
    },
    afterDatasetsDraw(chart) {
      const { selected, boundary, values } = series() ?? { selected: null, boundary: null, values: [] }
      const { ctx, chartArea, scales } = chart
      const step = chartArea.width / Math.max(1, values.length)
      const font = themeFont()
      ctx.save()
      ctx.font = `${font.size}px ${font.family}`
      ctx.textBaseline = 'bottom'
      if (boundary !== null && boundary > 0 && boundary < values.length) {
        const at = Math.round(scales['x']!.getPixelForValue(boundary) - step / 2) + 0.5
        ctx.strokeStyle = themeColour('--scope-muted')
        ctx.fillStyle = themeColour('--scope-muted')
        ctx.setLineDash([3, 3])
        ctx.beginPath()
        ctx.moveTo(at, chartArea.top - 14)
        ctx.lineTo(at, chartArea.bottom)
        ctx.stroke()
        const fits = at + ctx.measureText('completion ').width + 6 < chartArea.right
        ctx.textAlign = fits ? 'left' : 'right'
        ctx.fillText('completion', at + (fits ? 5 : -5), chartArea.top - 3)
      }
      if (selected !== null && selected < values.length) {
        const at = scales['x']!.getPixelForValue(selected)
        ctx.fillStyle = themeColour('--scope-foreground')
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

function readColours() {
  return {
    bar: themeColour('--scope-bar'),
    strong: themeColour('--scope-bar-strong'),
    faded: themeColour('--scope-bar-faded'),
    after: themeColour('--scope-bar-after'),
    axis: themeColour('--scope-muted'),
    grid: themeColour('--scope-line'),
    tooltip: themeColour('--scope-tooltip'),
    tooltipText: themeColour('--scope-tooltip-text'),
  }
}
