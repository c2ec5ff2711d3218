// A run as the document that `promptscope trace --json` prints: the contract with programs outside.
import type { RunDetail } from '../protocol/requests'
import type { FeatureTable, Trace } from '../protocol/values'

/** The trace of a run, with at most `top` features per layer and token. */
export function buildTrace(run: RunDetail, top: number): Trace {
  return {
    model: run.model,
    sae: run.sae,
    tokens: run.tokens.map(({ index, id, text, generated, logprob, alternatives }) => ({ index, id, text, generated, logprob, alternatives })),
    features: limit(run.features, top),
    featuresAfterEdit: limit(run.featuresAfterEdit, top),
    edits: run.edits,
    timing: run.timing,
  }
}

function limit(table: FeatureTable, top: number): FeatureTable {
  return Object.fromEntries(Object.entries(table).map(([layer, byToken]) => [layer, byToken.map((entries) => entries.slice(0, top))]))
}
