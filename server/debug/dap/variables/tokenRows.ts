// Candidates as variables: the scopes Next token and Logit lens.
import type { Candidate, Distribution } from '../../../engine/engine'
import { quote } from '../../../formats/quote'
import { InputError } from '../../../protocol/errors'
import { VARIABLE_KIND } from '../../../protocol/debugRequests'
import type { Change } from '../../branch'
import { numberText, probabilityText } from '../../expressions/numberText'
import type { Frame, Live } from '../live'
import { plainRow, type Row } from './container'
import { lookAhead, lookThroughLens } from './looks'

const CANDIDATES = 20
/** Of each layer's lens, on a token's frame. */
const LENS_CANDIDATES = 5

/** What may come next, each with its probability; writing to one forces it, or the text that is written. */
export async function nextTokenRows(live: Live, frame: Frame, signal: AbortSignal): Promise<Row[]> {
  const { next } = await lookAhead(live, frame, CANDIDATES, signal)
  const branch = live.debuggee.branch(frame.branchId)
  const follower = branch.tokens[frame.position + 1]
  const following = follower?.id
  const forced = following === undefined ? branch.forced[0] : undefined
  const note = (id: number): string => (id === following ? ' follows' : id === forced ? ' forced' : '')
  const candidates = withToken(next?.candidates ?? [], following ?? forced, follower?.prediction?.logprob)
  return candidateRows(live, candidates).map(({ row, id, text }) => ({
    ...row,
    value: `${row.value}${note(id)}`,
    menu: VARIABLE_KIND.token,
    set: (written) => forceChange(live, id, text, written),
  }))
}

/** On a layer's frame the layer's candidates, on a token's one row per layer. */
export async function lensRows(live: Live, frame: Frame, signal: AbortSignal): Promise<Row[]> {
  if (frame.layer !== null) {
    const { lens } = await lookThroughLens(live, frame, [frame.layer], CANDIDATES, signal)
    return candidateRows(live, lens[0]?.candidates ?? []).map(({ row }) => row)
  }
  const layers = Array.from({ length: live.program.model.identity.layers }, (_, layer) => layer)
  const { lens } = await lookThroughLens(live, frame, layers, LENS_CANDIDATES, signal)
  return lens.map(({ layer, ...distribution }) => distributionRow(live, `layer ${layer}`, `lens(${layer})`, distribution))
}

/** A distribution that opens to its candidates. */
export function distributionRow(live: Live, name: string, evaluateName: string | null, { candidates, entropy }: Distribution): Row {
  const [first] = candidates
  const value = first ? `${probabilityText(Math.exp(first.logprob))} ${JSON.stringify(live.words.tokenText(first.id))}, entropy ${numberText(entropy)}` : 'unknown'
  return { ...plainRow(name, value, 'distribution', evaluateName), inside: { path: name, indexed: null, rows: () => Promise.resolve(candidateRows(live, candidates).map(({ row }) => row)) } }
}

/** Named by the token's text; of tokens that look the same, the later ones have their id behind it. */
export function candidateRows(live: Live, candidates: readonly Candidate[]): { readonly row: Row; readonly id: number; readonly text: string }[] {
  const names = new Set<string>()
  return candidates.map(({ id, logprob }) => {
    const text = live.words.tokenText(id)
    const name = names.has(JSON.stringify(text)) ? `${JSON.stringify(text)} ${id}` : JSON.stringify(text)
    names.add(name)
    return { row: plainRow(name, probabilityText(Math.exp(logprob)), 'token'), id, text }
  })
}

/** A JSON string that is another text forces that text; any other yes forces the token. */
function forceChange(live: Live, id: number, text: string, written: string): Change {
  const trimmed = written.trim()
  if (/^(1(\.0*)?|force|forced|true|yes)$/i.test(trimmed)) return { kind: 'force', ids: [id] }
  const wanted = jsonText(trimmed)
  if (wanted === null) throw new InputError(`value ${quote(written)} forces nothing`, 'write 1 to force this token, or a text in double quotes such as " river"')
  if (wanted === '') throw new InputError('text "" has no token', 'write a text in double quotes such as " river"')
  return { kind: 'force', ids: wanted === text ? [id] : live.program.tokenizer.encode(wanted).map((token) => token.id) }
}

function jsonText(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}

/** The token that follows is listed, however unlikely it was; one whose probability nobody knows only when it is among the likeliest. */
function withToken(candidates: readonly Candidate[], id: number | undefined, logprob: number | undefined): readonly Candidate[] {
  if (id === undefined || candidates.some((each) => each.id === id)) return candidates
  return logprob === undefined ? candidates : [...candidates, { id, logprob }]
}
