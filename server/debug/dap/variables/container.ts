// Variables before they are put into the protocol's words: rows that may be opened, set, or watched, made when somebody looks.
import type { Change } from '../../branch'
import type { Frame } from '../live'

/** Something that can be opened in the Variables view. */
export interface Container {
  readonly frame: Frame
  /** How its frame leads to it, `Features/layer 14`: the same thing has the same path at every stop. */
  readonly path: string
  /** Whether its rows are fetched by number. */
  readonly indexed: boolean
  /** Computes its rows; names are unique among them. */
  rows(signal: AbortSignal): Promise<readonly Row[]>
}

/** One variable. */
export interface Row {
  readonly name: string
  readonly value: string
  readonly type: string
  /** An expression that gives the same value, for Watch; null where there is none. */
  readonly evaluateName: string | null
  /** What it opens to; null for a row that does not open. */
  readonly inside: RowInside | null
  /** Of its memory, `resid/1/12/3`; null without. */
  readonly memoryReference: string | null
  /** Whether it is a feature's or a token's: which menu the editor gives it. */
  readonly menu: 'promptscope.feature' | 'promptscope.token' | null
  /** What writing a value does; null for a row that only shows. Throws InputError for a text that is no value. */
  readonly set: ((text: string) => Change) | null
}

export interface RowInside {
  readonly path: string
  /** Rows that clients may fetch by parts, by their number; null where they are few and named. */
  readonly indexed: number | null
  rows(signal: AbortSignal): Promise<readonly Row[]>
}

/** A row that only shows. */
export function plainRow(name: string, value: string, type = 'text', evaluateName: string | null = null): Row {
  return { name, value, type, evaluateName, inside: null, memoryReference: null, menu: null, set: null }
}
