// Reads the whole prompt at once, before anything else: its tokens with what edits did to them.
import type { TokenReport } from '../../engine/engine'
import { joinedNeeds } from '../facts'
import { ALTERNATIVES } from './branchReader'
import { createTimeline, type Timeline } from './timeline'
import type { Workings } from './workings'

/** The prompt's tokens. What rules will ask about is read on the way and stays in the engine's memory. Throws InputError and CancelledError. */
export async function readPrompt({ program, rules }: Workings, signal: AbortSignal): Promise<Timeline> {
  const { prompt: { ids }, settings } = program
  const needs = joinedNeeds(rules.current().map((rule) => rule.needs))
  const timeline = createTimeline(program)
  await program.engine.generate(
    {
      promptIds: ids, givenIds: [], reportFrom: 0, generate: 0, sampling: settings.sampling, stopIds: [], edits: settings.edits,
      layers: needs.layers, top: 0, alternatives: ALTERNATIVES, promptPredictions: needs.predictions, capture: null,
    },
    (event) => {
      if (event.kind === 'tokens') for (const report of event.tokens) timeline.push(report)
      if (event.kind === 'predictions') event.predictions.forEach((prediction, i) => timeline.replace({ ...timeline.tokens[event.first + i]!, prediction }))
    },
    signal,
  )
  return timeline
}

/** The same without anything that the model would say, for a prompt that it cannot compute. */
export function unreadPrompt({ program }: Workings): Timeline {
  const timeline = createTimeline(program)
  program.prompt.ids.forEach((id, index) => timeline.push(blankReport(index, id)))
  return timeline
}

function blankReport(index: number, id: number): TokenReport {
  return { index, id, generated: false, logprob: null, alternatives: [], entropy: null, rank: null, features: {}, featuresAfterEdit: {}, residualNorm: {}, fired: [] }
}
