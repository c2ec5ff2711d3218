// What F5 means when the launch configuration does not say it.
import { expect, test } from 'vitest'
import { completeLaunch, isPlainPromptPath, resolvePaths } from '../../../../extension/debug/launchDefaults'

const open = { kind: 'file', path: '/w/prompts/moon.prompt' } as const

test('F5 without a configuration debugs the open prompt and stands at its end', () => {
  expect(completeLaunch({}, open, 'promptscope')).toEqual({
    kind: 'launch',
    launch: { type: 'promptscope', request: 'launch', name: 'Debug this prompt', program: '/w/prompts/moon.prompt', stopAtEnd: true },
  })
})

test('${file} is the open prompt, also when a run document is in front', () => {
  expect(completeLaunch({ name: 'mine', program: '${file}', temperature: 1 }, open, 'promptscope')).toMatchObject({ launch: { name: 'mine', program: open.path, temperature: 1 } })
})

test.each([{ program: '${workspaceFolder}/a.prompt' }, { text: 'Once' }, { tokenIds: [1, 2] }])('what names its prompt stays as it is: %j', (given) => {
  const completed = completeLaunch({ ...given, stopAtEnd: false }, open, 'promptscope')
  expect(completed).toEqual({ kind: 'launch', launch: { type: 'promptscope', request: 'launch', name: 'Debug this prompt', stopAtEnd: false, ...given } })
})

test.each([
  [null, { kind: 'nothingOpen' }],
  [{ kind: 'unsaved', uri: 'untitled:Untitled-1' }, { kind: 'unsaved', uri: 'untitled:Untitled-1' }],
  [{ kind: 'noFile', name: 'Text #1' }, { kind: 'noFile', name: 'Text #1' }],
] as const)('without a file to debug it says so: %j', (found, expected) => {
  expect(completeLaunch({}, found, 'promptscope')).toEqual(expected)
})

test('paths are written out, models by their own rule, other fields left alone', () => {
  const launch = { type: 'p', request: 'launch', name: 'n', program: 'a.prompt', steer: 's.steer', model: 'Qwen/Qwen3', text: 'a.prompt' }
  expect(resolvePaths(launch, (path) => `/w/${path}`, (name) => `[${name}]`)).toEqual({ ...launch, program: '/w/a.prompt', steer: '/w/s.steer', model: '[Qwen/Qwen3]' })
})

test.each([
  ['/w/prompts/story.txt', true],
  ['C:\\w\\prompts\\story.md', true],
  ['/w/x.prompt.md', true],
  ['/w/README.md', false],
  ['/w/prompts/deep/x.txt', false],
])('%s is a prompt by its path: %s', (path, expected) => {
  expect(isPlainPromptPath(path)).toBe(expected)
})
