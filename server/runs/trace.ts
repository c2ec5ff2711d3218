// A run as the document that `promptscope trace --json` prints: the contract with programs outside.
import { featuresOn, layersOf, type FeatureTable } from '../protocol/featureColumns'
import type { RunRecord } from '../protocol/runRecord'
import type { FeatureLists, Trace } from '../protocol/values'

/** The trace of a run, with at most `top` features per layer and token. */
export function buildTrace(run: RunRecord, top: number): Trace {
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

function limit(table: FeatureTable, top: number): FeatureLists {
  return Object.fromEntries(layersOf(table).map((layer) => [layer, Array.from(table[layer]!.ends, (_, token) => featuresOn(table[layer], token, top))]))
}
