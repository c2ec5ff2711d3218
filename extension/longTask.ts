// Runs work that may take long: quiet in the status bar at first, a notification with Cancel when it lasts.
import * as vscode from 'vscode'

// Shorter work would only make a notification flash.
const QUIET_MS = 1_500

/** Runs `work` under a progress display titled `title`; its token is cancelled by the notification's Cancel. */
export async function longTask<Result>(title: string, work: (token: vscode.CancellationToken) => Promise<Result>): Promise<Result> {
  const source = new vscode.CancellationTokenSource()
  const result = work(source.token)
  const ended = result.then(
    () => undefined,
    () => undefined,
  )
  void vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () => ended)
  const timer = setTimeout(() => {
    void vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (_progress, token) => {
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
