// The editor's requests for downloads, through the protocol: the plan, progress, cancelling, and the question for a token.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CancellationTokenSource } from 'vscode-languageserver/node'
import { expect, onTestFinished, test } from 'vitest'
import type { DownloadChoice } from '../../../server/protocol/download'
import * as requests from '../../../server/protocol/requests'
import { createDownloadService } from '../../../server/worker/downloadService'
import { atCdn, bytesOf, COMMIT, startHubServer, type HubServer } from '../hub/hubServer'
import { startWorker, type WorkerClient } from './workerClient'

const weights = bytesOf(200_000)
const choice: DownloadChoice = { repository: 'org/Tiny', revision: 'main', kind: null, layers: 'all', folders: [] }

async function start(serverOptions: Parameters<typeof startHubServer>[1] = {}, env: Readonly<Record<string, string>> = {}): Promise<{ readonly server: HubServer; readonly cache: string; readonly client: WorkerClient }> {
  const server = await startHubServer({ 'org/Tiny': { 'config.json': '{}', 'model.safetensors': weights } }, serverOptions)
  const cache = await mkdtemp(join(tmpdir(), 'promptscope-hub-'))
  const client = await startWorker(null, {}, { downloads: createDownloadService({ HF_ENDPOINT: server.endpoint, HF_HUB_CACHE: cache, ...env }) })
  onTestFinished(async () => {
    await client.close()
    await server.close()
    await rm(cache, { recursive: true })
  })
  return { server, cache, client }
}

test('a plan, then the download with progress', async () => {
  const { client, cache } = await start()
  const answer = await client.request(requests.planDownload, choice)
  expect(answer).toMatchObject({ kind: 'plan', plan: { repository: 'org/Tiny', kind: 'model', bytes: weights.length + 2, bytesThere: 0 } })
  let folder = ''
  const progress = await client.progressOf('t', async () => {
    const params = { ...choice, workDoneToken: 't' }
    folder = (await client.request(requests.download, params)).folder
  })
  expect(progress[0]).toMatch(/^config.json: .* of 201 kB/)
  expect(progress.at(-1)).toBe('end')
  expect(folder.startsWith(cache)).toBe(true)
  expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors'])
})

test('a download that the editor cancels rejects as cancelled and keeps what has come', async () => {
  const { client, server, cache } = await start()
  const source = new CancellationTokenSource()
  server.misbehaviours.push(atCdn((_request, response, content) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 50_000), () => source.cancel())
  }, 1))
  await expect(client.request(requests.download, choice, source.token)).rejects.toMatchObject({ message: 'cancelled' })
  expect((await readdir(join(cache, 'models--org--Tiny', 'blobs'))).filter((name) => name.endsWith('.incomplete')).length).toBe(1)
})

test('a gated repository asks for a token, and HF_TOKEN opens it', async () => {
  const gated = { token: 'hf_right', gated: true }
  const without = await start(gated)
  expect(await without.client.request(requests.planDownload, choice)).toMatchObject({ kind: 'accessNeeded', message: 'org/Tiny is gated (401)' })
  const withToken = await start(gated, { HF_TOKEN: 'hf_right' })
  expect(await withToken.client.request(requests.planDownload, choice)).toMatchObject({ kind: 'plan' })
})

test('the address of a page names repository and revision', async () => {
  const { client } = await start()
  const answer = await client.request(requests.planDownload, { ...choice, repository: `https://hub.example/org/Tiny/tree/${COMMIT}` })
  expect(answer).toMatchObject({ kind: 'plan', plan: { repository: 'org/Tiny', revision: COMMIT } })
})

test('what is no repository is refused with a remedy', async () => {
  const { client } = await start()
  await expect(client.request(requests.planDownload, { ...choice, repository: '../x' })).rejects.toMatchObject({ code: requests.ERROR_INPUT })
})
