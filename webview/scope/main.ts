// Entry of the Scope panel: connects to the host, draws every change of the state, remembers what the user had open.
import type { ScopeHostApi, ScopePanelApi } from '../../server/protocol/scopePanel'
import { connectHost, editorApi, editorWire } from '../host'
import { createController } from './controller'
import { createScopeView } from './scopeView'
import { readSavedScope, savedScope, type ScopeState } from './state'

function main(root: HTMLElement): void {
  let drawn: ScopeState | null = null
  let waiting = false
  const draw = (): void => {
    waiting = false
    const state = controller.state()
    if (state === drawn) return
    drawn = state
    view.update(state)
    editorApi().setState(savedScope(state))
  }
  // Many events may arrive between two frames while a run streams; they are drawn once.
  const controller = createController(() => host, readSavedScope(editorApi().getState()), () => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(draw)
  })
  const view = createScopeView(controller.actions)
  const host = connectHost<ScopeHostApi, ScopePanelApi>(editorWire(), controller.panel)
  root.replaceChildren(view.element)
  view.update(controller.state())
  void controller.start()
}

main(document.getElementById('scope') ?? document.body)
