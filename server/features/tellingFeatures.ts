// What is listed for a token, the same in hovers, the Scope panel and the terminal: its most telling features, suspects first, in order of their bars.
import { renderFeature } from '../formats/editLine'
import type { BarMeasure } from '../protocol/requests'
import type { Fault } from '../runs/detectors'
import { faultSuspects, isWhereFaultBegins } from './faultSuspects'
import { rankFeatures, type Describe, type FeatureSource, type RankedFeature } from './featureRanking'

export interface TellingFeature extends RankedFeature {
  /** True where a fault begins and the feature comes to the fore with it. */
  readonly isSuspect: boolean
  /** Length of its bar by the list's measure, 0..1. */
  readonly bar: number
}

export interface TellingFeatures {
  readonly measure: BarMeasure
  /** Suspects, then the others; each group by length of the bar, longest first. */
  readonly features: readonly TellingFeature[]
}

/** So many are chosen; a list with less room shows the first of these, so that all lists agree. */
const CHOSEN = 8
/** Of these, features that come to the fore where a fault begins. */
const CHOSEN_SUSPECTS = 3
/** A suspect must be among so many by contrast; those chosen are the most telling of them. */
const SUSPECTS = 6

/** `faults` is what went wrong in the run; the list is empty where no feature fires or the run has no such token. */
export function tellingFeatures(run: FeatureSource, tokenIndex: number, describe: Describe, faults: readonly Fault[]): TellingFeatures {
  const telling = rankFeatures(run, tokenIndex, describe, Infinity)
  const fault = faults.find((each) => isWhereFaultBegins(run, each, tokenIndex))
  const suspected = new Set(fault ? faultSuspects(run, fault, tokenIndex, SUSPECTS).map(renderFeature) : [])
  const suspects = suspected.size === 0 ? [] : telling.filter(({ feature }) => suspected.has(renderFeature(feature))).slice(0, CHOSEN_SUSPECTS)
  const others = telling.filter((ranked) => !suspects.includes(ranked)).slice(0, CHOSEN - suspects.length)
  // One measure for all bars of a list: of the feature's own maximum where all are known.
  const measure: BarMeasure = [...suspects, ...others].every(({ description }) => description.maxActivation !== null) ? 'strength' : 'share'
  const listed = (group: readonly RankedFeature[], isSuspect: boolean): TellingFeature[] =>
    group.map((ranked) => ({ ...ranked, isSuspect, bar: ranked[measure] })).sort((a, b) => b.bar - a.bar)
  return { measure, features: [...listed(suspects, true), ...listed(others, false)] }
}
