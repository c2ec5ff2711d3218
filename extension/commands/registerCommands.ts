// Registers every command; whatever a handler throws is shown to the user, because the editor itself would say it badly.
import * as vscode from 'vscode'
import { Command, type CommandName } from '../contributions'
import { showProblem } from '../problems'

/** One handler per command of `Command`. Arguments come from links, menus and keys, so each handler checks what it got. */
export type CommandHandlers = Readonly<Record<CommandName, (...args: unknown[]) => unknown>>

export function registerCommands(handlers: CommandHandlers, log: vscode.LogOutputChannel): vscode.Disposable {
  const names = Object.keys(Command) as CommandName[]
  return vscode.Disposable.from(
    ...names.map((name) =>
      vscode.commands.registerCommand(Command[name], async (...args: unknown[]): Promise<unknown> => {
        try {
          return await handlers[name](...args)
        } catch (error) {
          showProblem(error, log)
          return undefined
        }
      }),
    ),
  )
}
