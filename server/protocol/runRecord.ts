// A run as the worker holds and keeps it: what the editor is told, and the features behind it.
import type { FeatureTable } from './featureColumns'
import type { RunDetail, RunSummary } from './requests'

export interface RunRecord extends RunDetail {
  /** Of the layers in `layers`: the residual as it arrived, which edits read. */
  readonly features: FeatureTable
  /** The same after the edits, for edited layers only. */
  readonly featuresAfterEdit: FeatureTable
}

/** The record without its features: what the editor asks for. */
export function runDetailOf(run: RunRecord): RunDetail {
  const { text, generatedStart, tokens, layers, saeLayers, layerScales } = run
  return { ...summaryOf(run), text, generatedStart, tokens, layers, saeLayers, layerScales }
}

/** A run without its text, tokens and features. */
export function summaryOf(run: RunSummary): RunSummary {
  const { id, name, promptUri, createdAt, status, model, sae, sampling, generate, edits, promptTokens, generatedTokens, preview, parent, timing } = run
  return { id, name, promptUri, createdAt, status, model, sae, sampling, generate, edits, promptTokens, generatedTokens, preview, parent, timing }
}
