// The hub as the command line and the worker use it: plan a download, then carry it out.
import { statfs } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DownloadChoice, DownloadPlan } from '../protocol/download'
import { CancelledError } from '../protocol/errors'
import { CACHE_PARTS, downloadPlanned, type CacheParts, type DownloadProgress } from './downloadPlanned'
import { planDownload, type FreeBytes } from './downloadPlan'
import { createHubClient, type HubParts } from './hubClient'
import type { HubSettings } from './hubSettings'

export interface Hub {
  /** Asks the hub and looks at the disk; moves no weights. Rejects with InputError, CancelledError. */
  plan(choice: DownloadChoice, signal: AbortSignal): Promise<DownloadPlan>
  /** Answers with the folder. Rejects with InputError, CancelledError; what has come is kept. */
  download(plan: DownloadPlan, report: (progress: DownloadProgress) => void, signal: AbortSignal): Promise<string>
}

/** What tests replace. */
export type HubSurroundings = HubParts & CacheParts & { readonly freeBytes: FreeBytes }

const SURROUNDINGS: HubSurroundings = {
  ...CACHE_PARTS,
  fetch: (url, init) => fetch(url, init),
  async wait(milliseconds, signal) {
    await sleep(milliseconds, undefined, { signal }).catch(() => {
      throw new CancelledError()
    })
  },
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  },
}

/** Opens no connection before it is asked to plan. */
export function createHub(settings: HubSettings, surroundings: HubSurroundings = SURROUNDINGS): Hub {
  const client = createHubClient(settings, surroundings)
  return {
    plan: (choice, signal) => planDownload(choice, client, settings.cache, (folder) => surroundings.freeBytes(folder), signal),
    download: (plan, report, signal) => downloadPlanned(plan, client, surroundings, report, signal),
  }
}
