// The command that opens the Scope panel.
import type { ScopePanel } from '../panels/scopePanel'
import type { WorkerState } from '../workerState'
import { runOf } from './targets'

export function createScopeCommands(state: WorkerState, scope: ScopePanel) {
  return {
    openScope: async (arg?: unknown) => {
      const isPlace = typeof arg === 'object' && arg !== null && 'runId' in arg && typeof arg.runId === 'string'
      if (!isPlace) return scope.open(runOf(state, arg)?.id ?? null, null)
      const { runId, tokenIndex } = arg as { readonly runId: string; readonly tokenIndex?: number | null }
      await scope.open(runId, tokenIndex ?? null)
    },
  }
}
