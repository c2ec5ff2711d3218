// Keeps what a precision was found to cost beside the weights that were measured, so that it goes when they go.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PrecisionCost } from '../protocol/values'
import { writeFileAtomically } from './atomicFile'

/** Raised when the measure changes: costs of another one are not comparable. */
const MEASURE = 1

/** What was measured of the weights in `folder`; null when nothing was, or cannot be read. */
export async function readPrecisionCost(folder: string): Promise<PrecisionCost | null> {
  try {
    const { measure, cost } = JSON.parse(await readFile(costFile(folder), 'utf8')) as { readonly measure?: unknown; readonly cost?: PrecisionCost }
    return measure === MEASURE && isCost(cost) ? cost : null
  } catch {
    return null
  }
}

/** Answers with why it could not be kept, or null: what was measured is worth showing even so. */
export async function keepPrecisionCost(folder: string, cost: PrecisionCost): Promise<string | null> {
  try {
    await writeFileAtomically(costFile(folder), `${JSON.stringify({ measure: MEASURE, cost })}\n`)
    return null
  } catch (error) {
    return `what was measured cannot be kept in ${folder} (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`
  }
}

const costFile = (folder: string): string => join(folder, 'cost.json')

function isCost(cost: PrecisionCost | undefined): cost is PrecisionCost {
  if (cost === undefined || cost === null) return false
  const { tokens, residualError, features, sameToken } = cost
  return [tokens, sameToken].every(isNumber) && isList(residualError) && residualError.length > 0 && residualError.every(isNumber) && isList(features) && features.every((entry) => isNumber(entry?.layer) && isNumber(entry?.kept))
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)
const isList = (value: unknown): boolean => Array.isArray(value)
