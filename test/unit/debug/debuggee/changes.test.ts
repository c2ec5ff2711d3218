// What is changed on a branch, and what makes a new one: the prompt has seven tokens.
import { expect, it } from 'vitest'
import type { Change } from '../../../../server/debug/branch'
import { InputError } from '../../../../server/protocol/errors'
import type { FeatureId } from '../../../../server/protocol/values'
import { NEVER, ruleAt, startedSession, type FakeSession } from './fakeSession'

const FEATURE: FeatureId = { layer: 1, feature: 3 }
const suppress: Change = { kind: 'edit', feature: FEATURE, operation: { kind: 'set', value: 0 } }

/** Has generated ten tokens and stands on token 16. */
async function ended(): Promise<FakeSession> {
  const session = await startedSession({ settings: { generate: 10 } })
  await session.go('continue')
  return session
}

it('changes the branch itself at its last token', async () => {
  const { go, debuggee, program, forks } = await startedSession()
  await go({ kind: 'goto', position: 6 })
  const changed = await debuggee.change(1, { kind: 'edit', feature: FEATURE, operation: { kind: 'set', value: 9 } }, NEVER)
  expect(changed).toMatchObject({ id: 1, edits: [{ feature: FEATURE, operation: { kind: 'set', value: 9 }, positions: { kind: 'ranges', ranges: [[6, Number.MAX_SAFE_INTEGER]] } }] })
  expect(changed.tokens[6]!.fired).toEqual([0])
  expect(program.records[0]!.edits).toEqual(changed.edits)
  expect(program.records[0]!.tokens).toEqual(changed.tokens)
  await debuggee.change(1, { kind: 'sampling', sampling: { temperature: 0.7 } }, NEVER)
  expect(debuggee.branch(1).sampling.temperature).toBe(0.7)
  expect(forks).toEqual([])
})

it('changes the branch itself anywhere in the prompt while nothing has been generated', async () => {
  const { debuggee, go } = await startedSession()
  await debuggee.change(1, suppress, NEVER)
  expect(debuggee.branches()).toHaveLength(1)
  expect(debuggee.branch(1)).toMatchObject({ place: { position: 0 }, edits: [{ positions: { kind: 'all' } }] })
  expect(await go('next')).toBe('step 1')
})

it.each<[Change, string]>([
  [suppress, 'L1/3 = 0 from token 14'],
  [{ kind: 'edit', feature: FEATURE, operation: { kind: 'scale', value: 2 } }, 'L1/3 *= 2 from token 14'],
  [{ kind: 'force', ids: [7] }, '" cat" at token 15'],
  [{ kind: 'sampling', sampling: { temperature: 0.7 } }, 'temperature 0.7 from token 15'],
  [{ kind: 'sampling', sampling: { topP: 0.9, seed: 3 } }, 'top-p 0.9, seed 3 from token 15'],
  [{ kind: 'restart' }, 'again from token 15'],
])('forks in the past: %j', async (change, name) => {
  const { go, debuggee, program, forks } = await ended()
  await go({ kind: 'goto', position: 14 })
  await go({ kind: 'stepIn', layer: 1 })
  const parent = debuggee.branch(1)
  const fork = await debuggee.change(1, change, NEVER)
  expect(fork).toMatchObject({ id: 2, name, parent: { id: 1, position: change.kind === 'edit' ? 14 : 15 }, place: { position: 14, layer: change.kind === 'restart' ? null : 1 }, ended: null })
  expect(forks).toEqual([name])
  expect(debuggee.branch(1)).toEqual(parent)
  expect(fork.tokens).toHaveLength(15)
  // Tokens are shared, not copied.
  for (let position = 0; position < 14; position++) expect(fork.tokens[position]).toBe(parent.tokens[position])
  expect(program.records[1]!.start).toMatchObject({ name, parent: { record: program.records[0], position: fork.parent!.position } })
  expect(program.records[1]!.rests).toEqual(['paused'])
  expect(await go('continue', 2)).toBe('end 16')
})

it('keeps the prompt whole when it forks inside it, and reads it again', async () => {
  const { go, debuggee, told } = await ended()
  await go({ kind: 'goto', position: 2 })
  const fork = await debuggee.change(1, { kind: 'edit', feature: FEATURE, operation: { kind: 'set', value: 9 } }, NEVER)
  expect(fork.tokens.map(({ fired }) => fired.length)).toEqual([0, 0, 1, 1, 1, 1, 1])
  expect(fork.place.position).toBe(2)
  await go('continue', 2)
  expect(told.get(2)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
})

it('makes a fork as the branch was when it stood there', async () => {
  const { go, debuggee } = await startedSession()
  await go({ kind: 'goto', position: 6 })
  for (let count = 0; count < 3; count++) await go('next')
  await debuggee.change(1, { kind: 'sampling', sampling: { temperature: 0.9 } }, NEVER)
  await debuggee.change(1, suppress, NEVER)
  for (let count = 0; count < 3; count++) await go('next')
  await go('stepBack')
  expect(await debuggee.change(1, { kind: 'restart' }, NEVER)).toMatchObject({ sampling: { temperature: 0.9 }, edits: [{ feature: FEATURE }] })
  await go({ kind: 'goto', position: 8 })
  expect(await debuggee.change(1, { kind: 'force', ids: [8] }, NEVER)).toMatchObject({ sampling: { temperature: 0 }, edits: [] })
  expect(debuggee.branch(1)).toMatchObject({ sampling: { temperature: 0.9 }, edits: [{ feature: FEATURE }] })
})

it('counts what fired by the new places of edits when an older one goes', async () => {
  const set = (feature: number, value: number): Change => ({ kind: 'edit', feature: { layer: 1, feature }, operation: { kind: 'set', value } })
  const { go, debuggee, program } = await startedSession()
  await go({ kind: 'goto', position: 6 })
  await debuggee.change(1, set(1, 50), NEVER)
  await debuggee.change(1, set(2, 60), NEVER)
  await go('next')
  expect(debuggee.branch(1).tokens[7]!.fired).toEqual([0, 1])
  await go('stepBack')
  await debuggee.change(1, { kind: 'edit', feature: { layer: 1, feature: 1 }, operation: null }, NEVER)
  const fork = debuggee.branch(2)
  expect(fork.edits.map(({ feature }) => feature.feature)).toEqual([2])
  expect(fork.tokens[6]!.fired).toEqual([0])
  expect(program.records[1]!.tokens).toEqual(fork.tokens)
})

it('changes nothing where everything is as it is wanted', async () => {
  const { go, debuggee } = await ended()
  await go({ kind: 'goto', position: 12 })
  const before = debuggee.branch(1)
  const { tokens } = before
  for (const change of [
    { kind: 'force', ids: [tokens[13]!.id, tokens[14]!.id] },
    { kind: 'sampling', sampling: { temperature: 0 } },
    { kind: 'edit', feature: FEATURE, operation: null },
    { kind: 'generate', generate: 10 },
  ] satisfies Change[]) expect(await debuggee.change(1, change, NEVER)).toEqual(before)
  expect(debuggee.branches()).toHaveLength(1)
})

it('lets forced tokens follow one by one, then chooses again; also behind a stop token and the limit', async () => {
  const { go, debuggee } = await ended()
  await debuggee.change(1, { kind: 'force', ids: [0, 7, 8] }, NEVER)
  expect(debuggee.branch(1)).toMatchObject({ ended: null, generate: 13, forced: [0, 7, 8] })
  expect(await go('next')).toBe('step 17')
  expect(debuggee.branch(1)).toMatchObject({ ended: null, forced: [7, 8] })
  expect(await go('continue')).toBe('end 19')
  expect(debuggee.branch(1).tokens.slice(17).map(({ id }) => id)).toEqual([0, 7, 8])
  expect(debuggee.branch(1).tokens.at(-1)!.prediction!.rank).toBeGreaterThan(0)
})

it('ends at a stop token that was forced last', async () => {
  const { go, debuggee } = await startedSession()
  await go({ kind: 'goto', position: 6 })
  await debuggee.change(1, { kind: 'force', ids: [7, 0] }, NEVER)
  expect(await go('continue')).toBe('end 8')
  expect(debuggee.branch(1)).toMatchObject({ ended: 'stop' })
})

it('goes on when the limit is raised', async () => {
  const { go, debuggee } = await ended()
  await go('stepBack')
  expect(await debuggee.change(1, { kind: 'generate', generate: 12 }, NEVER)).toMatchObject({ id: 1, ended: null, generate: 12 })
  expect(await go('continue')).toBe('end 18')
})

it('refuses what cannot be, and leaves everything as it was', async () => {
  const { go, debuggee } = await ended()
  const refused = async (change: Change, error: InputError | string): Promise<void> => {
    const before = debuggee.branches()
    await expect(debuggee.change(1, change, NEVER)).rejects.toThrow(error)
    expect(debuggee.branches()).toEqual(before)
  }
  await refused({ kind: 'force', ids: [] }, 'text to force has no tokens')
  await refused({ kind: 'force', ids: [42] }, new InputError('token id 42 is outside the vocabulary', 'use ids from 0 to 41'))
  await refused({ kind: 'generate', generate: 9 }, new InputError('generate 9 is less than the 10 tokens that are there', 'use 10 or more'))
  await refused({ kind: 'generate', generate: 1.5 }, 'generate 1.5 is not a whole number')
  await refused({ kind: 'sampling', sampling: { temperature: -1 } }, 'temperature -1 is out of range')
  await refused({ kind: 'edit', feature: { layer: 9, feature: 1 }, operation: { kind: 'set', value: 0 } }, 'L9/1')
  await go({ kind: 'goto', position: 3 })
  await refused({ kind: 'force', ids: [7] }, 'token 4 belongs to the prompt')
  await refused({ kind: 'sampling', sampling: { topP: Infinity, temperature: -1 } }, 'temperature -1 is out of range')
})

it('forgets what rules said of a token that is fed again', async () => {
  const fires = ruleAt(1, (at) => at.activation({ layer: 2, feature: 5 }) > 0, { needs: { layers: [2], predictions: false } })
  const { go, debuggee } = await startedSession({}, [fires])
  await go({ kind: 'goto', position: 6 })
  const seen = (await debuggee.facts(1, 6, fires.needs, NEVER)).features(2)
  await debuggee.change(1, { kind: 'edit', feature: FEATURE, operation: { kind: 'set', value: 50 } }, NEVER)
  expect((await debuggee.facts(1, 6, fires.needs, NEVER)).features(2)).not.toEqual(seen)
})

it('renames, in the record too', async () => {
  const { debuggee, program } = await startedSession()
  expect(debuggee.rename(1, 'first try').name).toBe('first try')
  expect(program.records[0]!.name).toBe('first try')
})
