// The exception filter for numbers that are none: what a client shows of it.
import type { DetectorInfo } from './detector'

/** Has no rule about tokens: the engine checks every residual and says where one is not finite. */
export const nonFinite: DetectorInfo = {
  id: 'nonFinite',
  label: 'Non-finite values',
  description: 'The residual stream holds a value that is not a number, or is infinite: broken weights, or an edit that is far too strong.',
  default: true,
  conditionHelp: null,
}
