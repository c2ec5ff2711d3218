// The exception filter for a completion that leaves the script of its prompt.
import { scriptSwitchAt, scriptSwitchMessage } from '../../runs/scriptSwitch'
import type { Detector } from './detector'

/**
 * Finds once per script, at the third character or word of it; the rule and its weak spots stand at `scriptSwitchAt`. Costs a look at the token;
 * a scan of the completion only while a foreign script has fewer than three units.
 */
export const languageSwitch: Detector = {
  id: 'languageSwitch',
  label: 'Language switch',
  description: 'The completion uses a script that the prompt does not: at its third character, or its third word of an alphabet.',
  default: false,
  conditionHelp: null,
  withCondition: null,
  find(tokens, index) {
    const found = scriptSwitchAt(tokens, index)
    return found && { filter: 'languageSwitch', message: scriptSwitchMessage(found), first: found.first, last: index }
  },
}
