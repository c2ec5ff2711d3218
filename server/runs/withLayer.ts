// Adds a layer that was read after the run to the run's record, so that it is as if it had been read while the run went on.
import type { LayerReport } from '../engine/engine'
import { parseEditLine } from '../formats/editLine'
import { featuresOn, packFeatures } from '../protocol/featureColumns'
import type { RunRecord } from '../protocol/runRecord'
import { layerScales } from '../protocol/layerScales'
import { outliersAt } from './outliers'

/** The record with the layer; `report` must be about all of the run's tokens. */
export function withLayer(run: RunRecord, report: LayerReport): RunRecord {
  const { layer } = report
  const isOutlier = outliersAt(report.residualNorm)
  const tokens = run.tokens.map((token, index) => (isOutlier[index] && !token.outlier ? { ...token, outlier: true } : token))
  const features = { ...run.features, [layer]: packFeatures(report.features) }
  const after = run.featuresAfterEdit[layer]
  // What was recorded after edits has gaps where nothing changed: without the layer there was nothing to fill them with.
  const fired = new Set(run.edits.filter(({ edit }) => parseEditLine(edit).edit?.feature.layer === layer).flatMap(({ firedAt }) => firedAt))
  const featuresAfterEdit = after === undefined
    ? run.featuresAfterEdit
    : { ...run.featuresAfterEdit, [layer]: packFeatures(report.features.map((entries, index) => (fired.has(index) ? featuresOn(after, index) : entries))) }
  const layers = [...new Set([...run.layers, layer])].sort((a, b) => a - b)
  return { ...run, tokens, layers, features, featuresAfterEdit, layerScales: layerScales({ tokens, features, featuresAfterEdit }) }
}
