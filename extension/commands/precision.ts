// The commands about precision: choose one, measure what it costs, and delete the weights that were written for it.
import * as vscode from 'vscode'
import { InputError } from '../../server/protocol/errors'
import { costWords, inPercent, kindWords, precisionLabel } from '../../server/protocol/precisionWords'
import { listQuantised, measurePrecision, precisionChoices, removeQuantised, settingsChanged, verifyQuantised, type QuantisedEntry } from '../../server/protocol/requests'
import type { PrecisionChoice } from '../../server/protocol/values'
import { Command, Setting } from '../contributions'
import { longTask } from '../longTask'
import { precisionItems } from '../precisionItems'
import type { Worker } from '../serverProcess'
import { readSettings, writeSetting } from '../settings'
import { byteText, countOf } from '../wording'
import type { WorkerState } from '../workerState'

interface EntryItem extends vscode.QuickPickItem {
  readonly entry: QuantisedEntry
}

export function createPrecisionCommands(worker: Worker, state: WorkerState) {
  /** Null where the model cannot be looked at: loading it says why. */
  const readChoices = async () => {
    try {
      await worker.request(settingsChanged, readSettings())
      return await longTask('Looking at the model', (token) => worker.request(precisionChoices, null, token))
    } catch (error) {
      if (error instanceof InputError) return null
      throw error
    }
  }

  const list = () => longTask('Looking for quantised weights', (token) => worker.request(listQuantised, null, token))

  return {
    selectPrecision: async (given?: unknown) => {
      const now = readSettings().precision
      const choice = isChoice(given) ? given : await pickPrecision(await readChoices(), now)
      if (choice === undefined || choice === now) return
      await writeSetting(Setting.precision, choice)
      await vscode.commands.executeCommand(Command.loadModel)
    },
    measurePrecision: async () => {
      const cost = await longTask('Measuring what the precision costs', (token, report) => worker.request(measurePrecision, null, token, report))
      const kept = new Map(cost.features.map(({ layer, kept: share }) => [layer, share]))
      const items = cost.residualError.map((error, layer) => {
        const share = kept.get(layer)
        return { label: `L${layer}`, description: [`${inPercent(error)} off`, ...(share === undefined ? [] : [`keeps ${inPercent(share)} of the top features`])].join(' · ') }
      })
      await vscode.window.showQuickPick(items, { title: `What ${precisionLabel(cost.precision)} costs against exact`, placeHolder: `${costWords(cost)}; over ${countOf(cost.tokens, 'token')}` })
    },
    clearQuantised: async () => {
      const { folder, entries } = await list()
      if (entries.length === 0) return void vscode.window.showInformationMessage(`No quantised weights are kept in ${folder}.`)
      const used = usedEntry(state)
      const items = entries.map((entry): EntryItem => ({ ...itemOf(entry, used), entry }))
      const picked = await vscode.window.showQuickPick(items, { canPickMany: true, title: 'Clear Quantised Weights', placeHolder: `Which to delete from ${folder}; they can be written again from the model`, matchOnDescription: true })
      if (!picked || picked.length === 0) return
      const bytes = picked.reduce((sum, { entry }) => sum + entry.bytes, 0)
      const question = picked.length === 1 ? `Delete ${picked[0]!.label}?` : `Delete the quantised weights of ${picked.length} models?`
      const pressed = await vscode.window.showWarningMessage(question, { modal: true, detail: `${byteText(bytes)}. This cannot be undone; the next use of the precision writes them again.` }, 'Delete')
      if (pressed !== 'Delete') return
      const freed = await longTask('Deleting quantised weights', (token) => worker.request(removeQuantised, { folders: picked.map(({ entry }) => entry.folder) }, token))
      void vscode.window.showInformationMessage(`${byteText(freed.bytes)} of quantised weights were deleted.`)
    },
    verifyQuantised: async () => {
      const { folder, entries } = await list()
      const whole = entries.filter(({ isComplete }) => isComplete)
      if (whole.length === 0) return void vscode.window.showInformationMessage(`No quantised weights are kept in ${folder}.`)
      const picked = await vscode.window.showQuickPick(whole.map((entry): EntryItem => ({ ...itemOf(entry, usedEntry(state)), entry })), { title: 'Check Quantised Weights', placeHolder: 'Which to compare with their checksums' })
      if (!picked) return
      const isWhole = await longTask(`Checking ${picked.label}`, (token, report) => worker.request(verifyQuantised, { folder: picked.entry.folder }, token, report))
      if (isWhole) void vscode.window.showInformationMessage(`The weights of ${picked.label} are whole.`)
      else throw new InputError(`weights of ${picked.label} are damaged`, 'clear them: the next use writes them again')
    },
  }
}

const isChoice = (value: unknown): value is PrecisionChoice => value === 'auto' || value === 'exact' || value === 'q8' || value === 'q4'

async function pickPrecision(...[choices, now]: Parameters<typeof precisionItems>): Promise<PrecisionChoice | undefined> {
  const title = choices ? `Precision of ${choices.model}` : 'Precision'
  const picked = await vscode.window.showQuickPick(precisionItems(choices, now), { title, placeHolder: 'How the weights are computed with', matchOnDescription: true, matchOnDetail: true })
  return picked?.choice
}

function itemOf(entry: QuantisedEntry, used: string | null): vscode.QuickPickItem {
  const { name, precision, bytes, lastUsed, isComplete, model, cost } = entry
  const words = kindWords(entry)
  const notes = [byteText(bytes), `last used ${new Date(lastUsed).toLocaleDateString()}`, ...(isComplete ? [] : ['not complete']), ...(used === `${model}|${precision}` ? ['in use'] : [])]
  return { label: `${name}, ${words}`, description: notes.join(' · '), detail: [...(model === null ? [] : [model]), ...(cost === null ? [] : [costWords(cost)])].join(' · ') }
}

/** The model and precision that are loaded, as entries have them. */
function usedEntry({ model }: WorkerState): string | null {
  return model?.kind === 'ready' ? `${model.model.path}|${model.model.precision}` : null
}
