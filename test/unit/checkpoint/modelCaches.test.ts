// The caches that download tools leave behind: laid out as huggingface_hub and modelscope write them.
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { cachedRepositories } from '../../../server/checkpoint/modelCaches'
import { newFolder } from './tinyFolders'

let home: string
beforeEach(async () => void (home = await newFolder()))

async function snapshot(cache: string, repository: string, commit: string): Promise<string> {
  const path = join(cache, repository, 'snapshots', commit)
  await mkdir(path, { recursive: true })
  await mkdir(join(cache, repository, 'blobs'), { recursive: true })
  await writeFile(join(cache, repository, 'blobs', 'ab12'), '{}')
  await symlink('../../blobs/ab12', join(path, 'config.json'))
  return path
}

test('the Hugging Face cache that the environment names', async () => {
  const path = await snapshot(join(home, 'elsewhere'), 'models--a--b', '1111')
  expect((await cachedRepositories({ HF_HUB_CACHE: join(home, 'elsewhere') }, home)).map((found) => found.path)).toEqual([path])
})

test('a Hugging Face cache with two revisions, the one that main means first', async () => {
  const cache = join(home, '.cache/huggingface/hub')
  const old = await snapshot(cache, 'models--Qwen--Qwen3-1.7B', '1111')
  const main = await snapshot(cache, 'models--Qwen--Qwen3-1.7B', '2222')
  await mkdir(join(cache, 'models--Qwen--Qwen3-1.7B/refs/refs/pr'), { recursive: true })
  await writeFile(join(cache, 'models--Qwen--Qwen3-1.7B/refs/main'), '2222')
  await writeFile(join(cache, 'models--Qwen--Qwen3-1.7B/refs/refs/pr/3'), '1111\n')
  const single = await snapshot(cache, 'models--gpt2', '3333')
  await snapshot(cache, 'datasets--Qwen--data', '4444')
  await mkdir(join(cache, '.locks/models--Qwen--Qwen3-1.7B'), { recursive: true })
  await mkdir(join(cache, 'models--half--downloaded/blobs'), { recursive: true })
  expect(await cachedRepositories({}, home)).toEqual([
    { source: 'huggingface', id: 'Qwen/Qwen3-1.7B', path: main, revision: { commit: '2222', refs: ['main'] } },
    { source: 'huggingface', id: 'Qwen/Qwen3-1.7B', path: old, revision: { commit: '1111', refs: ['refs/pr/3'] } },
    { source: 'huggingface', id: 'gpt2', path: single, revision: { commit: '3333', refs: [] } },
  ])
})

test.each([['hub/models'], ['hub'], ['models'], ['']])('a ModelScope cache with its models under "%s"', async (under) => {
  const cache = join(home, 'scope')
  const path = join(cache, under, 'Qwen/Qwen3-1___7B-Base')
  await mkdir(path, { recursive: true })
  await mkdir(join(cache, under, '._____temp/Qwen/half'), { recursive: true })
  expect(await cachedRepositories({ MODELSCOPE_CACHE: cache }, home)).toEqual([{ source: 'modelscope', id: 'Qwen/Qwen3-1.7B-Base', path, revision: null }])
})

test('no cache holds nothing', async () => expect(await cachedRepositories({ HF_HOME: join(home, 'nowhere') }, home)).toEqual([]))
