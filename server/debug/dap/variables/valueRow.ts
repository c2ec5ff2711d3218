// The value of an expression as a variable, which opens where there is more to see.
import { renderValue } from '../../expressions/renderValue'
import type { Value } from '../../expressions/value'
import type { Frame, Live } from '../live'
import { plainRow, type Row } from './container'
import { lookUpFeature, rowsOf } from './featureRows'
import { candidateRows } from './tokenRows'

/** `name` is the expression. A feature by itself is the variable that the scope Features shows. */
export async function valueRow(live: Live, frame: Frame, name: string, value: Value, signal: AbortSignal): Promise<Row> {
  if (value.kind === 'activation') return { ...(await lookUpFeature(live, frame, value.feature, signal)), name }
  const row = plainRow(name, renderValue(value, live.words), TYPES[value.kind], name)
  const rows = insideOf(live, frame, value)
  return rows === null || rows.length === 0 ? row : { ...row, inside: { path: `= ${name}`, indexed: value.kind === 'features' ? rows.length : null, rows: () => Promise.resolve(rows) } }
}

const TYPES: Readonly<Record<Value['kind'], string>> = {
  activation: 'feature', number: 'number', text: 'text', truth: 'truth', features: 'features', candidates: 'distribution', token: 'token', unknown: 'unknown',
}

function insideOf(live: Live, frame: Frame, value: Value): Row[] | null {
  switch (value.kind) {
    case 'features': return rowsOf(live, frame, value.layer, value.features)
    case 'candidates': return candidateRows(live, value.candidates).map(({ row }) => row)
    case 'token': {
      const { text, id, index, generated } = value.token
      return [plainRow('text', JSON.stringify(text)), plainRow('id', String(id), 'number'), plainRow('position', String(index), 'number'), plainRow('generated', String(generated), 'truth')]
    }
    case 'activation':
    case 'number':
    case 'text':
    case 'truth':
    case 'unknown': return null
  }
}
