// The exception filter for the first generated token: where the prompt ends and the model begins to speak.
import type { Detector } from './detector'

/** Finds the first token that was generated. Costs a look at two tokens. */
export const answerStart: Detector = {
  id: 'answerStart',
  label: 'Start of the answer',
  description: 'The first generated token: everything before it is the prompt.',
  default: false,
  conditionHelp: null,
  withCondition: null,
  find(tokens, index) {
    const token = tokens[index]!
    if (!token.generated || tokens[index - 1]?.generated) return null
    return { filter: 'answerStart', message: `answer begins with ${JSON.stringify(token.text || token.display)} at token ${index}`, first: index, last: index }
  },
}
