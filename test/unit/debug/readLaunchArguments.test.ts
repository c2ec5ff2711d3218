// What a launch configuration may say, and how it is told what it may not.
import { expect, it } from 'vitest'
import { launchSlips, readLaunchArguments } from '../../../server/debug/readLaunchArguments'
import { InputError } from '../../../server/protocol/errors'

it('fills in what is not said', () => {
  expect(readLaunchArguments({ program: '/a.prompt' })).toEqual({
    program: '/a.prompt', text: null, tokenIds: null, model: null, sae: null, layers: null, precision: null, generate: null, temperature: null, topP: null, topK: null, seed: null,
    edits: [], steer: null, pins: [], stopOnEntry: false, stopAtEnd: false, noDebug: false,
  })
})

it('takes everything that may be said, and leaves the client its own fields', () => {
  const said = {
    tokenIds: [1, 2], model: '/m', sae: '/s', layers: [0, 5], precision: 'q8', generate: 0, temperature: 0, topP: 1, topK: 0, seed: 7,
    edits: ['L5/12 = 0'], steer: '/a.steer', pins: ['L3/1021'], stopOnEntry: true, stopAtEnd: true, noDebug: true,
  }
  expect(readLaunchArguments({ ...said, type: 'promptscope', request: 'launch', __sessionId: 'x', presentation: {} })).toEqual({ ...said, program: null, text: null })
})

it('takes an empty list as clients in Lua write it', () => {
  expect(readLaunchArguments({ text: 'a', edits: {}, pins: {} })).toMatchObject({ edits: [], pins: [] })
})

it.each([
  [null, 'launch is null, not an object'],
  [{}, 'launch has no prompt'],
  [{ program: '/a', tokenIds: [1] }, 'launch has program and tokenIds'],
  [{ program: '' }, 'launch program is "", not a path'],
  [{ program: '${file}' }, 'launch program "${file}" has a variable that was not filled in'],
  [{ text: '' }, 'launch text is "", not a text that is not empty'],
  [{ tokenIds: [] }, 'launch tokenIds is [], not a list of token ids'],
  [{ tokenIds: [1, -1] }, 'launch tokenIds is [1,-1], not a list of token ids'],
  [{ text: 'a', model: 3 }, 'launch model is 3, not a path'],
  [{ text: 'a', layers: [0.5] }, 'launch layers is [0.5], not "all" or a list of layer numbers'],
  [{ text: 'a', precision: 'half' }, 'launch precision is "half", not one of auto, exact, q8, q4'],
  [{ text: 'a', generate: -1 }, 'launch generate is -1, not a whole number of 0 to 1000000'],
  [{ text: 'a', temperature: -0.1 }, 'launch temperature is -0.1, not a number of 0 or more'],
  [{ text: 'a', topP: 0 }, 'launch topP is 0, not a number above 0, at most 1'],
  [{ text: 'a', topK: 1.5 }, 'launch topK is 1.5, not a whole number of 0 to 1000000'],
  [{ text: 'a', seed: '7' }, 'launch seed is "7", not a whole number of 0 to 4294967295'],
  [{ text: 'a', edits: 'L1/2 = 0' }, 'launch edits is "L1/2 = 0", not a list of texts'],
  [{ text: 'a', pins: ['river'] }, 'launch pins has "river", which is no feature'],
  [{ text: 'a', stopOnEntry: 'yes' }, 'launch stopOnEntry is "yes", not true or false'],
])('refuses %j', (said, message) => {
  const error = caught(() => readLaunchArguments(said))
  expect(error).toBeInstanceOf(InputError)
  expect((error as InputError).message).toBe(message)
  expect((error as InputError).remedy).not.toBe('')
})

it('notices a slip', () => {
  expect(launchSlips({ text: 'a', top_p: 1, stopOnEnty: true, name: 'x', __private: 1 })).toEqual(['launch top_p is not read; topP may have been meant', 'launch stopOnEnty is not read; stopOnEntry may have been meant'])
})

function caught(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
