// Runs work that may take long: quiet in the status bar at first, a notification with Cancel when it lasts.
import * as vscode from 'vscode'
import type { ProgressReport } from './serverProcess'

// Shorter work would only make a notification flash.
const QUIET_MS = 1_500

/** Runs `work` under a progress display titled `title`; its token is cancelled by the notification's Cancel, what it reports is shown there. */
export async function longTask<Result>(title: string, work: (token: vscode.CancellationToken, report: ProgressReport) => Promise<Result>): Promise<Result> {
  const source = new vscode.CancellationTokenSource()
  let last: Parameters<ProgressReport>[0] = {}
  let show: ProgressReport | null = null
  const result = work(source.token, (progress) => {
    last = progress
    show?.(progress)
  })
  const ended = result.then(
    () => undefined,
    () => undefined,
  )
  void vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () => ended)
  const timer = setTimeout(() => {
    void vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (progress, token) => {
      let shown = 0
      show = ({ message, percentage }) => {
        // The editor adds increments up; the worker tells where it stands.
        const increment = percentage === undefined ? undefined : Math.max(0, percentage - shown)
        shown += increment ?? 0
        progress.report({ ...(message === undefined ? {} : { message }), ...(increment === undefined ? {} : { increment }) })
      }
      show(last)
      token.onCancellationRequested(() => source.cancel())
      return ended
    })
  }, QUIET_MS)
  try {
    return await result
  } finally {
    clearTimeout(timer)
    source.dispose()
  }
}
