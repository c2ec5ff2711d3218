// Finds out whether tokens that stand in a remembered sequence for another reason are those that this request would choose: then nothing is computed again.
import { CancelledError } from '../protocol/errors'
import type { Sampling } from '../protocol/values'
import type { ForwardModel } from './forward'
import { predictAfter, type Next } from './predictions'
import { sampleToken } from './sampler'
import type { PrefixCache } from './sequence/prefixCache'
import type { ReuseRequest } from './sequence/reuse'

/**
 * Notes in the sequence that would be taken over which of the tokens behind those that hold the sampling chooses, up to the first that it does not;
 * returns what it expected there, so that it need not be predicted again. Throws CancelledError between tokens.
 */
export async function confirmChoices(
  model: ForwardModel, cache: PrefixCache, request: ReuseRequest, sampling: Sampling, candidates: number, signal: AbortSignal,
): Promise<{ readonly position: number; readonly next: Next } | null> {
  for (;;) {
    const found = cache.find(request)
    if (!found) return null
    const { sequence, reuse } = found
    const record = sequence.records[reuse.tokens]
    // Only where everything before it holds is it known what stands to choose from.
    if (!record || reuse.done || reuse.positions < reuse.tokens || reuse.tokens < Math.max(1, request.knownIds.length)) return null
    const isGreedy = sampling.temperature === 0
    if (isGreedy && record.prediction?.rank === 1) record.chosenBy = request.samplingKey
    else if (isGreedy && record.prediction) return null
    else {
      if (signal.aborted) throw new CancelledError()
      const next = await predictAfter(model, sequence, reuse.tokens - 1, { candidates, wantsLogits: !isGreedy })
      const token = next.logits ? sampleToken(next.logits, sampling, reuse.tokens) : next.tokens[0]!
      if (token !== record.token) return { position: reuse.tokens, next }
      record.chosenBy = request.samplingKey
    }
  }
}
