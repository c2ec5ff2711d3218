// A hub as the tests use it: a server of their own, a cache folder that goes away, no time that passes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { CACHE_PARTS, type DownloadProgress } from '../../../server/hub/downloadPlanned'
import { createHub, type HubSurroundings } from '../../../server/hub/hub'
import type { HubSettings } from '../../../server/hub/hubSettings'
import type { DownloadChoice, DownloadPlan } from '../../../server/protocol/download'
import { CancelledError } from '../../../server/protocol/errors'
import { startHubServer, type HubServer, type Repositories } from './hubServer'

export interface TestHub {
  readonly server: HubServer
  readonly cache: string
  /** Milliseconds of every wait. */
  readonly waits: number[]
  plan(choice?: Partial<DownloadChoice>): Promise<DownloadPlan>
  /** Plans and downloads; answers with the folder. Every call stands for a new process. */
  download(choice?: Partial<DownloadChoice>, report?: (progress: DownloadProgress) => void, signal?: AbortSignal): Promise<string>
}

export interface TestHubOptions {
  readonly settings?: Partial<HubSettings>
  readonly surroundings?: Partial<HubSurroundings>
  readonly server?: Parameters<typeof startHubServer>[1]
}

export async function startTestHub(repositories: Repositories, options: TestHubOptions = {}): Promise<TestHub> {
  const server = await startHubServer(repositories, options.server)
  const cache = await mkdtemp(join(tmpdir(), 'promptscope-hub-'))
  onTestFinished(async () => {
    await server.close()
    await rm(cache, { recursive: true, force: true })
  })
  const waits: number[] = []
  const surroundings: HubSurroundings = {
    ...CACHE_PARTS,
    fetch: (url, init) => fetch(url, init),
    async wait(milliseconds, signal) {
      waits.push(milliseconds)
      // Other work goes on meanwhile, as it would.
      await new Promise((resolve) => setImmediate(resolve))
      if (signal.aborted) throw new CancelledError()
    },
    freeBytes: async () => 1e12,
    ...options.surroundings,
  }
  const settings: HubSettings = { endpoint: server.endpoint, token: null, cache, isOffline: false, ...options.settings }
  const open = () => createHub(settings, surroundings)
  const [first = ''] = Object.keys(repositories)
  const choiceOf = (choice: Partial<DownloadChoice>): DownloadChoice => ({ repository: first, revision: 'main', kind: null, layers: 'all', folders: [], ...choice })
  const never = new AbortController().signal
  return {
    server,
    cache,
    waits,
    plan: (choice = {}) => open().plan(choiceOf(choice), never),
    async download(choice = {}, report = () => {}, signal = never) {
      const hub = open()
      return hub.download(await hub.plan(choiceOf(choice), signal), report, signal)
    },
  }
}
