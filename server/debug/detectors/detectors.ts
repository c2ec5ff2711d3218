// All exception filters that are rules about tokens, in the order in which they are shown.
import { answerStart } from './answerStart'
import type { Detector } from './detector'
import { languageSwitch } from './languageSwitch'
import { loop } from './loop'
import { lowConfidence } from './lowConfidence'
import { refusal } from './refusal'

/** `nonFinite` stands beside them: the engine notices it, no rule does. */
export const DETECTORS: readonly Detector[] = [answerStart, languageSwitch, loop, refusal, lowConfidence]
