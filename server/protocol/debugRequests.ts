// Our own requests of the debug adapter protocol, beyond the standard: what the editor asks the debug adapter for, with their types.
// Lines and columns count as the client said in `initialize`. A `path` is what frames have as `source.path`: a file, or the address of a run document.

/** A custom request, typed by its arguments and the body of its answer. */
export interface DebugRequestName<Args, Body> {
  readonly command: `promptscope/${string}`
  /** Never set; carries the types. */
  readonly types?: (args: Args) => Body
}

const request = <Args, Body>(name: string): DebugRequestName<Args, Body> => ({ command: `promptscope/${name}` })

/** A branch as the editor lists it. */
export interface DebugBranch {
  readonly threadId: number
  readonly name: string
  /** The run in which it is kept and the address of its document; null where runs are kept nowhere. */
  readonly runId: string | null
  readonly uri: string | null
  /** The branch it was forked from, and the first token that may differ. */
  readonly parent: { readonly threadId: number; readonly position: number } | null
}

/** In order of their threads' ids. */
export const debugBranches = request<Record<string, never>, { readonly branches: readonly DebugBranch[] }>('branches')

/** Gives a branch a name; the event `invalidated` with the area `threads` follows. Refused for an empty name. */
export const nameDebugBranch = request<{ readonly threadId: number; readonly name: string }, Record<string, never>>('nameBranch')

/** What to write at the ends of these lines, both included, while the frame is looked at: at most one short text a line. */
export const debugLineValues = request<
  { readonly path: string; readonly startLine: number; readonly endLine: number; readonly frameId: number },
  { readonly values: readonly { readonly line: number; readonly text: string }[] }
>('lineValues')

/** The token that stands at a place of the text, seen from the frame's branch; `position` is null where there is none. */
export const debugTokenAt = request<{ readonly path: string; readonly line: number; readonly column: number; readonly frameId: number }, DebugTokenPlace | { readonly position: null }>('tokenAt')

export interface DebugTokenPlace {
  readonly position: number
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
}

/** `__vscodeVariableMenuContext` of variables: which menu the editor gives their rows. */
export const VARIABLE_KIND = { feature: 'promptscope.feature', token: 'promptscope.token' } as const
