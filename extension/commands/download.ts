// The commands that bring models and SAE sets from the hub, and keep the user's token for it.
import * as vscode from 'vscode'
import type { DownloadChoice, DownloadPlan, LayerChoice } from '../../server/protocol/download'
import { InputError } from '../../server/protocol/errors'
import { download, listModels, planDownload } from '../../server/protocol/requests'
import { Command, Setting } from '../contributions'
import { forgetToken, hasToken, keepToken } from '../hubToken'
import { longTask } from '../longTask'
import { sentence, showProblem } from '../problems'
import { BACKBONES, type SaeRepository } from '../qwenScope'
import type { Worker } from '../serverProcess'
import { writeSetting } from '../settings'
import { baseName, byteText, countOf } from '../wording'

interface RepositoryItem extends vscode.QuickPickItem {
  readonly choose?: () => Promise<DownloadChoice | undefined>
}

const SET_TOKEN = 'Set Token…'

export function createDownloadCommands(secrets: vscode.SecretStorage, worker: Worker, log: vscode.LogOutputChannel) {
  /** True when a token was given. */
  const askToken = async (): Promise<boolean> => {
    const token = await vscode.window.showInputBox({
      title: 'Hugging Face Token',
      prompt: 'For gated and private repositories. Kept in the editor’s secret storage, sent to the hub only. Make one at the hub under Settings, Access Tokens, with leave to read.',
      placeHolder: 'hf_…',
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) => (/\s/.test(text.trim()) ? 'A token has no blanks' : null),
    })
    if (!token?.trim()) return false
    await keepToken(secrets, token.trim())
    await refreshWorker()
    return true
  }

  /** The worker gets the token when it starts. */
  const refreshWorker = async (): Promise<void> => {
    if (worker.status === 'running') await longTask('Restarting the worker', () => worker.restart())
  }

  const plan = async (choice: DownloadChoice): Promise<DownloadPlan | null> => {
    const answer = await longTask(`Asking the hub about ${choice.repository}`, (token) => worker.request(planDownload, choice, token))
    if (answer.kind === 'plan') return answer.plan
    const line = sentence(`${answer.message}; ${answer.remedy}`)
    log.warn(line)
    const pressed = await vscode.window.showErrorMessage(line, SET_TOKEN)
    return pressed === SET_TOKEN && (await askToken()) ? plan(choice) : null
  }

  return {
    downloadModel: async (repository?: unknown) => {
      const choice = typeof repository === 'string' ? await chooseRepository(repository) : await pickRepository(worker)
      const planned = choice && (await plan(choice))
      if (!choice || !planned) return
      const missing = planned.bytes - planned.bytesThere
      if (missing > 0) {
        if (missing > planned.freeBytes) {
          throw new InputError(`${planned.repository} needs ${byteText(missing)} more, and the disk of ${planned.cache} has ${byteText(planned.freeBytes)} free`, 'make room, choose fewer layers, or name a folder on another disk in HF_HUB_CACHE')
        }
        const pressed = await vscode.window.showInformationMessage(`Download ${planned.repository}?`, { modal: true, detail: describe(planned) }, 'Download')
        if (pressed !== 'Download') return
      }
      const { folder } = await longTask(`Downloading ${planned.repository}`, (token, report) => worker.request(download, choice, token, report)).catch((error: unknown) => {
        if (error instanceof Error && error.name === 'CancelledError') void vscode.window.showInformationMessage(`What has come of ${planned.repository} is kept; the next download goes on there.`)
        throw error
      })
      void offerUse(planned, folder).catch((error: unknown) => showProblem(error, log))
    },
    setHubToken: async () => {
      if (await askToken()) void vscode.window.setStatusBarMessage('Hugging Face token kept', 3_000)
    },
    clearHubToken: async () => {
      if (!(await hasToken(secrets))) return void vscode.window.showInformationMessage('No Hugging Face token is kept.')
      await forgetToken(secrets)
      await refreshWorker()
      void vscode.window.setStatusBarMessage('Hugging Face token forgotten', 3_000)
    },
  }
}

async function pickRepository(worker: Worker): Promise<DownloadChoice | undefined> {
  const found = await longTask('Looking for models', (token) => worker.request(listModels, null, token))
  const folders = found.flatMap(({ path, saeSets }) => [path, ...saeSets.map((sae) => sae.path)])
  const isThere = (repository: string): boolean => folders.some((folder) => folder.split(/[\\/]/).includes(`models--${repository.replace('/', '--')}`))
  const items: RepositoryItem[] = BACKBONES.flatMap(({ repository, about, layers, saeSets }) => [
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: `$(circuit-board) ${baseName(repository)}`, description: [about, countOf(layers, 'layer'), isThere(repository) ? 'here already' : ''].filter(Boolean).join(' · '), choose: async () => choiceOf(repository, 'model', 'all') },
    ...saeSets.map((set): RepositoryItem => ({
      label: `$(lightbulb) ${baseName(set.repository)}`,
      description: [`k ${set.k}`, `${byteText(set.bytesPerLayer)} a layer`, isThere(set.repository) ? 'here already' : ''].filter(Boolean).join(' · '),
      choose: () => chooseLayers(set, layers),
    })),
  ])
  items.push({ label: '', kind: vscode.QuickPickItemKind.Separator }, { label: '$(globe) Another repository…', alwaysShow: true, choose: () => chooseRepository('') })
  const picked = await vscode.window.showQuickPick(items, { title: 'Download Model or SAE Set', placeHolder: 'Qwen-Scope’s models and SAE sets, or any repository of the hub', matchOnDescription: true })
  return picked?.choose?.()
}

async function chooseRepository(value: string): Promise<DownloadChoice | undefined> {
  const repository = await vscode.window.showInputBox({
    title: 'Repository', prompt: 'Name on the hub, or the address of its page; @ names another revision than main', placeHolder: 'Org/Name', value, ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === '' || /^(https?:\/\/\S+|[\w.-]+\/[\w.-]+)(@[\w./-]+)?$/.test(text.trim()) ? null : 'Write it as Org/Name, for example Qwen/Qwen3-1.7B'),
  })
  if (!repository?.trim()) return undefined
  const [name = '', revision = 'main'] = repository.trim().split('@')
  const layers = await askLayers('Layers, should it be an SAE set', `${name} may hold a model or an SAE set`, 'all')
  return layers && choiceOf(name, null, layers, revision)
}

/** Offers the middle layer: a whole set is up to 215 GB. */
async function chooseLayers({ repository, bytesPerLayer }: SaeRepository, count: number): Promise<DownloadChoice | undefined> {
  const layers = await askLayers('Layers of the SAE set', `${repository} has layers 0 to ${count - 1}, ${byteText(bytesPerLayer)} each and ${byteText(bytesPerLayer * count)} in all`, String(Math.floor(count / 2)))
  return layers && choiceOf(repository, 'sae', layers)
}

async function askLayers(title: string, prompt: string, value: string): Promise<LayerChoice | undefined> {
  const text = await vscode.window.showInputBox({
    title, prompt: `${prompt}. Write all, or numbers separated by commas.`, value, placeHolder: 'all, or 0,5,12', ignoreFocusOut: true,
    validateInput: (line) => (readLayers(line) === null ? 'Write all, or numbers separated by commas' : null),
  })
  return text === undefined ? undefined : (readLayers(text) ?? undefined)
}

function readLayers(text: string): LayerChoice | null {
  if (text.trim() === 'all') return 'all'
  return /^\s*\d+\s*(,\s*\d+\s*)*$/.test(text) ? text.split(',').map(Number) : null
}

function choiceOf(repository: string, kind: DownloadChoice['kind'], layers: LayerChoice, revision = 'main'): DownloadChoice {
  return { repository, revision, kind, layers, folders: [] }
}

function describe({ kind, layout, layers, problem, files, bytes, bytesThere, cache, freeBytes, commit }: DownloadPlan): string {
  const what = kind === 'model' ? 'Model' : `${layout} SAE set, ${countOf(layers.length, 'layer')}`
  const there = bytesThere > 0 ? `, ${byteText(bytesThere)} of it there already` : ''
  const warning = problem === null ? '' : `Promptscope could not run it: ${problem}.\n`
  return `${warning}${what} at commit ${commit.slice(0, 7)}: ${countOf(files.length, 'file')}, ${byteText(bytes)}${there}.\nInto ${cache}, where ${byteText(freeBytes)} are free. It can be cancelled and goes on later where it ended.`
}

async function offerUse({ kind, repository }: DownloadPlan, folder: string): Promise<void> {
  const use = kind === 'model' ? 'Use This Model' : 'Use This SAE Set'
  const pressed = await vscode.window.showInformationMessage(`${repository} is here.`, use)
  if (pressed !== use) return
  await writeSetting(kind === 'model' ? Setting.model : Setting.sae, folder)
  // Another model's set would not fit; the one that belongs to it is looked for.
  if (kind === 'model') await writeSetting(Setting.sae, undefined)
  await vscode.commands.executeCommand(Command.loadModel)
}
