// Asks for an edit line, checked by the worker while it is typed.
import * as vscode from 'vscode'
import { inputErrorLine } from '../../server/protocol/errors'
import { checkEdit } from '../../server/protocol/requests'
import type { Worker } from '../serverProcess'

export interface EditLineQuestion {
  readonly title: string
  readonly prompt: string
  readonly value: string
}

/** The line, or undefined when the user let it be. */
export async function askEditLine(worker: Worker, { title, prompt, value }: EditLineQuestion): Promise<string | undefined> {
  // The number is what one wants to type over.
  const number = /[-\d.]+(?=\s*(@.*)?$)/.exec(value)
  const selection: [number, number] = number ? [number.index, number.index + number[0].length] : [value.length, value.length]
  const line = await vscode.window.showInputBox({
    title, prompt, value,
    valueSelection: selection,
    placeHolder: 'L3/1021 = 0',
    ignoreFocusOut: true,
    validateInput: async (text) => {
      if (text.trim() === '') return { message: 'For example L3/1021 = 0, L3/1021 += 20 @ generated, L3/1021 *= 0.5 @ 3-7', severity: vscode.InputBoxValidationSeverity.Info }
      const problem = await worker.request(checkEdit, { line: text })
      return problem && { message: inputErrorLine(problem.message, problem.remedy), severity: vscode.InputBoxValidationSeverity.Error }
    },
  })
  return line?.trim() === '' ? undefined : line?.trim()
}
