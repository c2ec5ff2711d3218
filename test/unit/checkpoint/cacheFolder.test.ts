// Where the cache lies on each system.
import { join, win32 } from 'node:path'
import { expect, it } from 'vitest'
import { cacheFolder } from '../../../server/checkpoint/cacheFolder'
import { refuseOtherDrive } from '../../../server/checkpoint/quantisedCache'

const HOME = join('/home', 'ada')

it.each([
  ['on Linux', {}, 'linux', join(HOME, '.cache', 'promptscope')],
  ['on Linux with a cache folder of its own', { XDG_CACHE_HOME: '/caches' }, 'linux', join('/caches', 'promptscope')],
  ['on macOS', { XDG_CACHE_HOME: '/caches' }, 'darwin', join(HOME, 'Library', 'Caches', 'promptscope')],
  ['on Windows', { LOCALAPPDATA: '/local' }, 'win32', join('/local', 'promptscope')],
  ['on Windows without its variable', {}, 'win32', join(HOME, 'AppData', 'Local', 'promptscope')],
  ['where the user wants it', { PROMPTSCOPE_CACHE: '/elsewhere', XDG_CACHE_HOME: '/caches' }, 'linux', join('/elsewhere', 'promptscope')],
  ['where it would be, when the variable is empty', { PROMPTSCOPE_CACHE: '' }, 'linux', join(HOME, '.cache', 'promptscope')],
] as const)('is %s', (_, variables, platform, folder) => {
  expect(cacheFolder(variables, HOME, platform)).toBe(folder)
})

it('must be on the drive of the model', () => {
  expect(() => refuseOtherDrive('D:\\models\\a', 'C:\\Users\\ada\\AppData\\Local\\promptscope', win32)).toThrow('lie on different drives')
  expect(() => refuseOtherDrive('c:\\models\\a', 'C:\\Users\\ada\\AppData\\Local\\promptscope', win32)).not.toThrow()
  expect(() => refuseOtherDrive('/models/a', '/home/ada/.cache/promptscope')).not.toThrow()
})
