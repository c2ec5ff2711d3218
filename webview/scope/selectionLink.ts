// Keeps the panel's token selection and the editor's the same without echoes: the latest own selection goes out, one at a time.

/** The panel's side of one selection that two windows share. */
export interface SelectionLink {
  /** The user selected a token here: tell the editor. */
  tell(runId: string, index: number): void
  /** True when a selection that came from the editor is news and no echo of an own one. */
  isNews(): boolean
}

/** `send` reaches the editor; while it is under way only the newest selection waits. */
export function createSelectionLink(send: (runId: string, index: number) => Promise<void>): SelectionLink {
  let sending = false
  let waiting: { readonly runId: string; readonly index: number } | null = null

  const sendAll = async (): Promise<void> => {
    sending = true
    while (waiting) {
      const { runId, index } = waiting
      waiting = null
      // A selection that the editor cannot follow is no reason to disturb: the panel's own still stands.
      await send(runId, index).catch(() => undefined)
    }
    sending = false
  }
  return {
    tell(runId, index) {
      waiting = { runId, index }
      if (!sending) void sendAll()
    },
    isNews: () => !sending,
  }
}
