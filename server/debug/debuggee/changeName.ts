// What a new branch is called: by what was changed, and from which token on.
import { renderFeature } from '../../formats/editLine'
import { quote } from '../../formats/quote'
import type { Sampling } from '../../protocol/values'
import type { Change } from '../branch'

const OPERATORS = { set: '=', add: '+=', scale: '*=' } as const
const SAMPLER_WORDS: Readonly<Record<keyof Sampling, string>> = { temperature: 'temperature', topP: 'top-p', topK: 'top-k', seed: 'seed' }

/** `L5/12 = 0 from token 14`, `" cat" at token 15`, `temperature 0.7 from token 15`. `position` is where one stood. */
export function changeName(change: Change, position: number, display: (id: number) => string): string {
  const next = position + 1
  switch (change.kind) {
    case 'edit': {
      const { feature, operation } = change
      return `${renderFeature(feature)} ${operation ? `${OPERATORS[operation.kind]} ${operation.value}` : 'as it is'} from token ${position}`
    }
    case 'force':
      return `${quote(change.ids.map(display).join(''), 30)} at token ${next}`
    case 'sampling':
      return `${Object.entries(change.sampling).map(([key, value]) => `${SAMPLER_WORDS[key as keyof Sampling]} ${value}`).join(', ')} from token ${next}`
    case 'generate':
      return `at most ${change.generate} tokens`
    case 'restart':
      return `again from token ${next}`
  }
}
