// Names, revisions and the environment's variables are read as Hugging Face's own libraries read them.
import { expect, it } from 'vitest'
import { hubCacheFolder, hubRepositoryFolder } from '../../../server/formats/hubCache'
import { hubSettings } from '../../../server/hub/hubSettings'
import { createProgressText } from '../../../server/hub/progressText'
import { checkRevision, readRepositoryName } from '../../../server/hub/repositoryName'

it.each([
  ['Qwen/Qwen3-1.7B', 'Qwen/Qwen3-1.7B', null],
  ['  Qwen/SAE-Res-Qwen3-1.7B-Base-W32K-L0_50 ', 'Qwen/SAE-Res-Qwen3-1.7B-Base-W32K-L0_50', null],
  ['https://huggingface.co/Qwen/Qwen3-1.7B', 'Qwen/Qwen3-1.7B', null],
  ['https://huggingface.co/Qwen/Qwen3-1.7B/', 'Qwen/Qwen3-1.7B', null],
  ['https://huggingface.co/Qwen/Qwen3-1.7B/tree/main', 'Qwen/Qwen3-1.7B', 'main'],
  ['https://huggingface.co/Qwen/Qwen3-1.7B/blob/refs%2Fpr%2F1/config.json', 'Qwen/Qwen3-1.7B', 'refs/pr/1'],
])('%s is a repository', (text, repository, revision) => {
  expect(readRepositoryName(text)).toEqual({ repository, revision })
})

it.each(['Qwen3', 'a/b/c', '../x', 'a/..', '/a', 'a/', 'a--b/c', 'a/b c', 'a/.git', 'a\\b', ''])('%j is none', (text) => {
  expect(() => readRepositoryName(text)).toThrow(/is no name on the hub/)
})

it.each(['main', 'v1.0', 'refs/pr/1', 'a'.repeat(40)])('%s is a revision', (revision) => expect(checkRevision(revision)).toBe(revision))
it.each(['../main', 'a/../b', '', '/x', 'a b', '.hidden', 'a\\b', 'x/.'])('%j is none', (revision) => expect(() => checkRevision(revision)).toThrow(/is no branch, tag or commit/))

it.each([
  [{}, '/home/u/.cache/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/c' }, '/c/huggingface/hub'],
  [{ HF_HOME: '~/hf/' }, '/home/u/hf/hub'],
  [{ HF_HOME: '/hf', HF_HUB_CACHE: '/models' }, '/models'],
  [{ HF_HUB_CACHE: '', HF_HOME: '/hf' }, '/hf/hub'],
])('the cache of %j is %s', (env, folder) => expect(hubCacheFolder(env, '/home/u')).toBe(folder))

it('a repository has a folder of its own', () => expect(hubRepositoryFolder('/c', 'Qwen/Qwen3-1.7B')).toBe('/c/models--Qwen--Qwen3-1.7B'))

it('reads endpoint, token and whether a connection is wanted', () => {
  expect(hubSettings({}, '/home/u')).toMatchObject({ endpoint: 'https://huggingface.co', token: null, isOffline: false })
  expect(hubSettings({ HF_ENDPOINT: 'https://mirror.example/hf/', HF_TOKEN: ' hf_x\n', HF_HUB_OFFLINE: '1' }, '/home/u')).toMatchObject({ endpoint: 'https://mirror.example/hf', token: 'hf_x', isOffline: true })
  expect(() => hubSettings({ HF_ENDPOINT: 'mirror' }, '/')).toThrow('HF_ENDPOINT "mirror" is no address')
  expect(() => hubSettings({ HF_ENDPOINT: 'https://me:secret@mirror.example' }, '/')).toThrow(/^HF_ENDPOINT holds a user name or password$/)
})

it('tells bytes, rate and time left a few times a second', () => {
  const textOf = createProgressText()
  const at = (bytes: number, note: string | null = null) => ({ path: 'm', bytes, totalBytes: 100e6, note })
  expect(textOf(at(0), 0)).toBe('m: 0 kB of 100 MB (0 %)')
  expect(textOf(at(1e6), 100)).toBeNull()
  expect(textOf(at(10e6), 1000)).toBe('m: 10 MB of 100 MB (10 %), 10 MB/s, 9 s left')
  expect(textOf(at(10e6, 'checking'), 1001)).toBe('m: 10 MB of 100 MB (10 %), checking')
  expect(textOf(at(0), 2000)).toBe('m: 0 kB of 100 MB (0 %)')
})
