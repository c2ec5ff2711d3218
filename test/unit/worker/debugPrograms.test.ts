// What a debug launch in the editor opens: prompt, settings and pins from everywhere they are said, and a model that may be lost under the session.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { InputError } from '../../../server/protocol/errors'
import { readPromptDocument } from '../../../server/worker/readPromptDocument'
import { openDebugWorkings, STORY } from './debugWorkings'

const NEVER = new AbortController().signal
const lines = (edits: readonly { readonly feature: { readonly layer: number; readonly feature: number } }[]): string[] => edits.map(({ feature }) => `L${feature.layer}/${feature.feature}`)

describe('what a launch says', () => {
  test('counts before the prompt file, and that before the settings; edits of all of them apply', async () => {
    const workings = await openDebugWorkings(null, { generate: 9, sampling: { temperature: 0.5, topP: 0.9, topK: 3, seed: 1 } })
    workings.files[STORY] = 'seed=4 two three'
    workings.list.edits = [{ feature: { layer: 0, feature: 1 }, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } }]
    const folder = await mkdtemp(join(tmpdir(), 'promptscope-launch-'))
    await writeFile(join(folder, 'calm.steer'), 'L0/2 = 0\n')
    const program = await workings.launch({ temperature: 0, edits: ['L1/3 += 2'], steer: join(folder, 'calm.steer') })
    await rm(folder, { recursive: true })
    expect(program.settings).toMatchObject({ generate: 9, sampling: { temperature: 0, topP: 0.9, topK: 3, seed: 4 }, layers: [0, 1] })
    expect(lines(program.settings.edits)).toEqual(['L0/1', 'L0/2', 'L1/3'])
    expect(program.file).toEqual({ path: STORY, text: 'seed=4 two three' })
  })

  test('adds pins to those of the editor, each once and as they are now', async () => {
    const workings = await openDebugWorkings(null)
    const program = await workings.launch({ pins: ['L1/3'] })
    workings.list.pins = [{ layer: 0, feature: 4 }, { layer: 1, feature: 3 }]
    expect(program.pins()).toEqual([{ layer: 1, feature: 3 }, { layer: 0, feature: 4 }])
  })

  test.each([
    [{ model: '/models/other' }, { modelPath: '/models/other', saePath: null, precision: 'exact' }],
    [{ model: '/models/other', sae: '/sae' }, { modelPath: '/models/other', saePath: '/sae', precision: 'exact' }],
    [{ precision: 'q8' as const }, { modelPath: '/models/fake', saePath: '/models/fake-sae', precision: 'q8' }],
    [{}, { modelPath: '/models/fake', saePath: '/models/fake-sae', precision: 'exact' }],
  ])('chooses the model: %j', async (launch, request) => {
    const workings = await openDebugWorkings(null)
    await workings.launch(launch)
    expect(workings.engine.loads).toMatchObject([request])
  })

  test('is refused where it is wrong, before a model is loaded', async () => {
    const workings = await openDebugWorkings(null)
    await expect(workings.launch({ edits: ['L1 = 0'] })).rejects.toThrow('edit "L1 = 0"')
    await expect(workings.launch({ pins: ['river'] })).rejects.toThrow('pin "river" is not a feature')
    await expect(workings.launch({ steer: '/nowhere.steer' })).rejects.toThrow('steer file /nowhere.steer does not exist')
    expect(workings.engine.loads).toEqual([])
    await expect(workings.launch({ layers: [7] })).rejects.toThrow('layer 7 does not exist')
    await expect(workings.launch({ model: '/models/missing' })).rejects.toThrow('does not exist')
  })

  test('of a prompt that an editor has open is about its text, and under its address', async () => {
    const open = [{ uri: 'untitled:1', getText: () => '' }, { uri: 'file:///prompts/a%281%29.prompt', getText: () => 'not saved' }]
    expect(await readPromptDocument('/prompts/a(1).prompt', open)).toEqual({ uri: 'file:///prompts/a%281%29.prompt', text: 'not saved' })
    await expect(readPromptDocument('/prompts/b.prompt', open)).rejects.toThrow('prompt file /prompts/b.prompt does not exist')
  })
})

describe('a session whose model is lost', () => {
  const step = { promptIds: [1, 2], generate: 3, sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, stopIds: [], edits: [], layers: [], top: 0, alternatives: 0, promptPredictions: false, capture: null }

  test('because another one is loaded: what is under way ends, and nothing else is asked of the new one', async () => {
    const workings = await openDebugWorkings(null)
    const program = await workings.launch({})
    workings.engine.hold()
    const running = program.engine.generate(step, () => {}, NEVER)
    const ended = expect(running).rejects.toThrow('model was changed under the debug session')
    await workings.models.load(NEVER, undefined, { model: '/models/other' })
    await ended
    expect(program.lost.reason).toBeInstanceOf(InputError)
    await expect(program.engine.inspect({ tokenIds: [1], promptLength: 1, edits: [], layers: [], top: 0, reconstructionLayers: [], lensLayers: [], candidates: 0, residualLayers: [] }, NEVER)).rejects.toThrow('model was changed')
    expect(workings.engine.generations).toHaveLength(1)
  })

  test('because it is unloaded', async () => {
    const workings = await openDebugWorkings(null)
    const program = await workings.launch({})
    await workings.models.unload()
    expect(program.lost.aborted).toBe(true)
  })

  test('because the engine ended, also while it stands', async () => {
    const workings = await openDebugWorkings(null)
    const [first, second] = [await workings.launch({}), await workings.launch({ tokenIds: [1] })]
    workings.programs.engineDied(new InputError('the engine stopped (exit code 7)', 'run again to start it anew'))
    expect([first.lost.reason, second.lost.reason].map((reason: unknown) => (reason as InputError).line)).toEqual(Array(2).fill('the engine stopped (exit code 7); run again to start it anew'))
    // The next session finds the engine as every run does.
    expect((await workings.launch({})).lost.aborted).toBe(false)
  })

  test('does not lose it when the same one is asked for again', async () => {
    const workings = await openDebugWorkings(null)
    const program = await workings.launch({})
    await workings.launch({})
    await workings.runs.start({ promptUri: 'file:///other.txt', text: 'four five' }, NEVER)
    expect(program.lost.aborted).toBe(false)
  })

  test('gives back a call that its own signal ended', async () => {
    const workings = await openDebugWorkings(null)
    const program = await workings.launch({})
    workings.engine.hold()
    const pause = new AbortController()
    const running = program.engine.generate(step, () => {}, pause.signal)
    pause.abort()
    await expect(running).rejects.toMatchObject({ name: 'CancelledError' })
  })
})
