// Plans and carries out downloads from the hub for the editor, whose token for it comes as HF_TOKEN.
import { homedir } from 'node:os'
import type { Environment } from '../formats/hubCache'
import { createHub } from '../hub/hub'
import { AccessError } from '../hub/hubFailure'
import { hubSettings } from '../hub/hubSettings'
import { createProgressText } from '../hub/progressText'
import { checkRevision, readRepositoryName } from '../hub/repositoryName'
import type { DownloadChoice } from '../protocol/download'
import type { PlanAnswer } from '../protocol/requests'
import type { Progress } from '../protocol/values'

export interface DownloadService {
  /** Rejects with InputError, CancelledError. */
  plan(choice: DownloadChoice, signal: AbortSignal): Promise<PlanAnswer>
  download(choice: DownloadChoice, signal: AbortSignal, report: (progress: Progress) => void): Promise<{ readonly folder: string }>
}

/** The variables are read at every call: that costs nothing, and a wrong one is told when it matters. */
export function createDownloadService(env: Environment = process.env): DownloadService {
  const open = () => createHub(hubSettings(env, homedir()))
  const checked = (choice: DownloadChoice): DownloadChoice => {
    // The address of a page may name a revision of its own.
    const { repository, revision } = readRepositoryName(choice.repository)
    return { ...choice, repository, revision: checkRevision(choice.revision === 'main' && revision !== null ? revision : choice.revision) }
  }
  return {
    async plan(choice, signal) {
      try {
        return { kind: 'plan', plan: await open().plan(checked(choice), signal) }
      } catch (error) {
        if (error instanceof AccessError) return { kind: 'accessNeeded', message: error.message, remedy: error.remedy }
        throw error
      }
    },
    async download(choice, signal, report) {
      const hub = open()
      const plan = await hub.plan(checked(choice), signal)
      const textOf = createProgressText()
      const folder = await hub.download(plan, (progress) => {
        const message = textOf(progress, performance.now())
        if (message !== null) report({ message, fraction: progress.totalBytes === 0 ? null : progress.bytes / progress.totalBytes })
      }, signal)
      return { folder }
    },
  }
}
