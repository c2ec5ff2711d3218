// How one moves: tokens, layers, sentences, and the ends of a branch. The prompt has seven tokens, the model three layers.
import { expect, it } from 'vitest'
import { InputError } from '../../../../server/protocol/errors'
import { fakeSession, NEVER, ruleAt, startedSession } from './fakeSession'
import { FAKE_STOP_ID } from './fakeTokenizer'

it('stands on the first token, with the whole prompt known', async () => {
  const { debuggee, told, program } = await startedSession()
  expect(debuggee.branch(1)).toMatchObject({ id: 1, name: 'fake.prompt', parent: null, place: { position: 0, layer: null }, ended: null, isRunning: false, record: { runId: 'run-1' } })
  expect(debuggee.branch(1).tokens.map(({ text }) => text)).toEqual(['The', ' cat', ' sat', ' on', ' the', ' mat', '.'])
  expect(told.get(1)).toEqual([0])
  expect(program.records[0]!.rests).toEqual(['paused'])
})

it('goes token by token through the prompt and on', async () => {
  const { go, told, debuggee } = await startedSession()
  for (let position = 1; position < 10; position++) expect(await go('next')).toBe(`step ${position}`)
  expect(debuggee.branch(1).tokens).toHaveLength(10)
  expect(told.get(1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

it('climbs through the layers of a token and from the last one to the next token', async () => {
  const { go } = await startedSession()
  expect(await go('stepIn')).toBe('step 0.0')
  expect(await go('next')).toBe('step 0.1')
  expect(await go('stepIn')).toBe('step 0.2')
  expect(await go('next')).toBe('step 1')
  expect(await go({ kind: 'stepIn', layer: 2 })).toBe('step 1.2')
  expect(await go('stepBack')).toBe('step 1.1')
  expect(await go('stepOut')).toBe('step 1')
  expect(await go('stepIn')).toBe('step 1.0')
  expect(await go('stepBack')).toBe('step 1')
  expect(await go('stepBack')).toBe('entry 0')
  expect(await go('stepBack')).toBe('entry 0')
  await expect(go({ kind: 'stepIn', layer: 3 })).rejects.toThrow('layer 3 is not in the model')
})

it('runs to the end of the sentence, or to a rule before it', async () => {
  const { go, debuggee } = await startedSession({ text: 'The cat sat. It ran.' })
  const ends = debuggee.branch(1).tokens.flatMap(({ text, index }) => (text === '.' ? [index] : []))
  expect(await go('stepOut')).toBe(`step ${ends[0]}`)
  debuggee.setRules([ruleAt(1, [ends[0]! + 2])])
  expect(await go('stepOut')).toBe(`breakpoint ${ends[0]! + 2}`)
})

it('goes back without forgetting, and on over the same tokens', async () => {
  const { go, debuggee, told } = await startedSession({ settings: { generate: 6 } })
  expect(await go('continue')).toBe('end 12')
  const { tokens, ended } = debuggee.branch(1)
  expect(ended).toBe('length')
  expect(await go('stepBack')).toBe('step 11')
  expect(await go({ kind: 'goto', position: 3 })).toBe('goto 3')
  expect(await go('continue')).toBe('end 12')
  expect(debuggee.branch(1).tokens).toEqual(tokens)
  expect(told.get(1)).toEqual([...tokens.keys()])
  expect(await go('next')).toBe('end 12')
  expect(await go('reverseContinue')).toBe('entry 0')
})

it('ends at a stop token and at the end of the context', async () => {
  const prompt = await startedSession({ contextLength: 9 })
  expect(await prompt.go('continue')).toBe('end 8')
  expect(prompt.debuggee.branch(1).ended).toBe('length')

  const { go, debuggee } = await startedSession({ settings: { generate: 20, stopIds: [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] } })
  await go('continue')
  const { ended, tokens } = debuggee.branch(1)
  expect(ended).toBe('stop')
  expect(tokens.at(-1)!.id).toBeLessThanOrEqual(16)
  expect(tokens.slice(7, -1).every(({ id }) => id !== FAKE_STOP_ID && (id < 5 || id > 16))).toBe(true)
})

it('goes on from before the first token when it is to run at once', async () => {
  const { debuggee, told } = fakeSession()
  debuggee.setRules([ruleAt(4, [0, 3])])
  expect(await debuggee.start(true, NEVER)).toEqual({ reason: 'breakpoint', rules: [4], finding: null })
  expect(debuggee.branch(1).place.position).toBe(0)
  await debuggee.move(1, { kind: 'continue' }, NEVER)
  expect(debuggee.branch(1).place.position).toBe(3)
  expect(told.get(1)).toEqual([0, 1, 2, 3])
})

it('places generated tokens behind the prompt, also those that end inside a character', async () => {
  const { go, debuggee } = await startedSession()
  await go({ kind: 'goto', position: 6 })
  await debuggee.change(1, { kind: 'force', ids: [40, 41, 7] }, NEVER)
  for (let count = 0; count < 3; count++) await go('next')
  expect(debuggee.branch(1).tokens.slice(7).map(({ text, display, range, promptRange, generated }) => ({ text, display, range, promptRange, generated }))).toEqual([
    { text: '', display: '⟨c3⟩', range: { start: 23, end: 23 }, promptRange: null, generated: true },
    { text: 'é', display: '⟨a9⟩', range: { start: 23, end: 24 }, promptRange: null, generated: true },
    { text: ' cat', display: ' cat', range: { start: 24, end: 28 }, promptRange: null, generated: true },
  ])
})

it('refuses what is not there', async () => {
  const { go, debuggee } = await startedSession()
  await expect(go({ kind: 'goto', position: 7 })).rejects.toThrow(new InputError('token 7 is not on branch 1', 'choose one from 0 to 6'))
  expect(() => debuggee.branch(2)).toThrow('branch 2 does not exist')
  await expect(debuggee.facts(1, 9, { layers: [], predictions: false }, NEVER)).rejects.toThrow('token 9 is not on branch 1')
})
