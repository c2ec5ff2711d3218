// `promptscope precision`: measures what a precision costs in accuracy on a model, and keeps that with the model's quantised weights.
import { measurePrecision } from '../engine/precision/measurePrecision'
import { createEngineProcess } from '../engine/process/engineProcess'
import { MOST_PRECISION_TOKENS, PRECISION_TEXT } from '../engine/precision/precisionText'
import { keepPrecisionCost } from '../store/precisionCosts'
import type { PrecisionCost } from '../protocol/values'
import { prepareText } from '../runs/preparePrompt'
import { currentCost } from '../worker/quantisedStore'
import type { CommandContext } from './commandContext'
import { ENGINE_ENTRY } from './installation'
import { openModel, type OpenModel } from './openModel'
import { readOptions } from './options'
import { renderPrecision } from './renderPrecision'
import { UsageError } from './usageError'

export async function runPrecisionCommand(args: readonly string[], context: CommandContext): Promise<void> {
  const { terminal } = context
  const options = readOptions(args, {
    model: { type: 'string' }, sae: { type: 'string' }, precision: { type: 'string' }, 'token-ids': { type: 'string' }, again: { type: 'boolean' }, json: { type: 'boolean' },
  })
  if (options.positionals.length > 0) throw new UsageError(`precision takes no ${options.positionals[0]}; name the model with --model`)
  const precision = options.choice('precision', ['q8', 'q4'] as const) ?? 'q8'
  const tokenIds = options.wholes('token-ids')
  const open = await openModel({ model: options.string('model'), sae: options.string('sae'), precision, providers: ['cpu'] }, tokenIds === null ? 'text' : 'tokenIds', context)
  try {
    const folder = open.model.weightsCache?.folder ?? null
    // Of other tokens, it is another figure.
    const isKept = tokenIds === null && folder !== null
    const known = isKept && !options.has('again') ? await currentCost(folder, open.model.sae?.path ?? null) : null
    const cost = known ?? (await measure(open, tokenIds, context))
    const problem = isKept && cost !== known ? await keepPrecisionCost(folder, cost) : null
    if (problem !== null) terminal.note(`promptscope: ${problem}`)
    terminal.progress('')
    terminal.out(options.has('json') ? `${JSON.stringify({ model: open.model.identity, ...cost })}\n` : renderPrecision(cost, terminal))
  } finally {
    await open.engine.dispose()
  }
}

function measure(open: OpenModel, tokenIds: readonly number[] | null, { terminal, signal }: CommandContext): Promise<PrecisionCost> {
  const ids = tokenIds ?? prepareText(PRECISION_TEXT, open, 'raw').ids.slice(0, MOST_PRECISION_TOKENS)
  return measurePrecision({ engine: open.engine, model: open.model, tokenIds: ids }, () => createEngineProcess(ENGINE_ENTRY), ({ message, fraction }) => terminal.progress(`${message} ${Math.round(100 * (fraction ?? 0))} %`), signal)
}
