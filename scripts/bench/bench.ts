// `npm run bench`: measures this engine side by side with llama.cpp, with transformers and with the memory's speed on a model of random weights, and prints the ratios.
// Needs `npm run build`; see docs/performance.md.
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { UsageError } from '../../server/cli/usageError'
import { BENCH_HELP, benchOptions } from './benchOptions'
import { busyText } from './busyText'
import { openContestants } from './contestants'
import { machineText } from './machineText'
import { measure } from './measure'
import { serveEngine } from './serveEngine'
import { serveReader } from './serveReader'
import { tableText } from './table'

async function main(root: string, args: readonly string[]): Promise<void> {
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
  // Processes of their own for what can only be measured in a new one.
  if (args[0] === 'engine') return serveEngine(resolve(root, 'dist/engine.js'))
  if (args[0] === 'reader') return serveReader()
  if (args.includes('--help')) return console.log(BENCH_HELP)
  const options = benchOptions(args)
  const say = (line: string): void => console.error(line)
  const machine = machineText()
  const busy = await busyText()
  if (busy !== null) say(busy)
  const contestants = await openContestants(root, options, say)
  try {
    const { rows, notes: leftOut } = await measure(contestants, options, say)
    const notes = busy === null ? leftOut : [busy, ...leftOut]
    const { model, sae } = options.shape
    const about = `${model.name}: ${model.layers} layers, d_model ${model.dModel}, random weights; SAE of ${sae.dSae} features, k ${sae.k}; ${options.threads} threads; medians of ${options.repeats}; ${new Date().toISOString().slice(0, 10)}`
    console.log(`${machine}\n${about}\n\n${tableText(rows)}`)
    for (const note of notes) console.log(`- ${note}`)
    if (options.json !== null) writeFileSync(options.json, `${JSON.stringify({ machine, about, options, rows, notes }, null, 2)}\n`)
  } finally {
    await contestants.close()
  }
}

main(process.cwd(), process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? (error instanceof UsageError ? error.message : error.stack) : error)
  process.exitCode = 1
})
