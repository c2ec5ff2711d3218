// The exception filter for a generated token that the model itself held for unlikely.
import { InputError } from '../../protocol/errors'
import { quote } from '../../formats/quote'
import type { DebugToken } from '../branch'
import type { Detector } from './detector'

const DEFAULT_THRESHOLD = 0.1

/** Finds the first of consecutive generated tokens whose probability at temperature 1 is below the threshold. Costs a look at two tokens. */
export const lowConfidence: Detector = below(DEFAULT_THRESHOLD)

function below(threshold: number): Detector {
  const isLow = (token: DebugToken | undefined): boolean => token !== undefined && probability(token) < threshold
  return {
    id: 'lowConfidence',
    label: 'Low confidence',
    description: `A generated token is less likely than ${DEFAULT_THRESHOLD}, or than the condition says; of several in a row the first.`,
    default: false,
    conditionHelp: 'probability below which to stop: 0.05, 5% or prob < 0.05',
    withCondition: (text) => below(parseThreshold(text)),
    find(tokens, index) {
      if (!isLow(tokens[index]) || isLow(tokens[index - 1])) return null
      const { text, display } = tokens[index]!
      return { filter: 'lowConfidence', message: `token ${index} ${JSON.stringify(text || display)} has the probability ${shown(probability(tokens[index]!))}`, first: index, last: index }
    },
  }
}

/** What nobody chose counts as certain: prompt tokens, whether their prediction is known or not. */
function probability({ generated, prediction }: DebugToken): number {
  return generated && prediction ? Math.exp(prediction.logprob) : 1
}

function parseThreshold(text: string): number {
  const match = /^\s*(?:prob\s*<\s*)?(\d*\.?\d+(?:e-?\d+)?)\s*(%?)\s*$/i.exec(text)
  const threshold = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : NaN
  if (!(threshold > 0 && threshold <= 1)) throw new InputError(`condition ${quote(text)} of the filter Low confidence is no probability`, 'write one such as 0.05 or prob < 0.05')
  return threshold
}

function shown(probability: number): string {
  return probability >= 0.001 ? String(Number(probability.toPrecision(2))) : 'below 0.001'
}
