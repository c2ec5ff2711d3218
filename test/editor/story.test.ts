// The main job inside a real VS Code, step by step: run a prompt, read a token's features, suppress one, compare, and find everything again after a restart.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as vscode from 'vscode'
import type { TestApi } from '../../extension/testApi'
import { getRun, type RunSummary } from '../../server/protocol/requests'
import { runUri } from '../../server/protocol/runUri'
import { activate, followLink, hoverText, lensTitles, shownRuns, showFile, until } from './promptscope'

describe('a prompt in the editor', () => {
  let promptscope: TestApi
  let prompt: vscode.TextDocument
  let run: RunSummary
  let answer: vscode.TextDocument

  before(async () => {
    promptscope = await activate()
    prompt = await showFile('prompts/drift.prompt')
  })

  it('offers to run', async () => {
    const titles = await until('the worker offers to run', async () => { const found = await lensTitles(prompt); return found.length > 0 ? found : undefined })
    assert.ok(titles.some((title) => title.includes('Run')), titles.join())
  })

  it('runs, and its completion arrives in the run document', async () => {
    const ended = promptscope.nextRunEnded()
    await vscode.commands.executeCommand('promptscope.runPrompt', prompt.uri.toString())
    run = await ended
    assert.equal(run.status.kind, 'done')
    assert.ok(run.generatedTokens > 0)
    answer = await until('the run document shows the completion', () => vscode.workspace.textDocuments.find((document) => isOf(document, run) && holds(document, run.preview)))
    assert.equal(answer.languageId, 'promptscope-run')
    assert.ok(shownRuns().alone.includes(run.id))
  })

  it('shows features and alternatives on hover, of the completion and of the prompt', async () => {
    const last = await hoverText(answer, answer.getText().trimEnd().length - 1)
    assert.match(last, /generated/)
    assert.match(last, /L\d+\/\d+/)
    assert.match(last, /could stand here/)
    const inPrompt = await hoverText(prompt, prompt.getText().trimEnd().length - 2)
    assert.match(inPrompt, /· prompt ·/)
    assert.match(inPrompt, /L\d+\/\d+/)
  })

  it('suppresses a feature from the hover, re-runs and opens the difference', async () => {
    const hover = await hoverText(answer, answer.getText().trimEnd().length - 1)
    const feature = /L\d+\/\d+/.exec(hover)?.[0]
    assert.ok(feature)
    const ended = promptscope.nextRunEnded()
    await followLink(hover, 'Suppress')
    const edited = await ended
    assert.equal(edited.parent?.runId, run.id)
    assert.deepEqual(edited.edits.map(({ edit }) => edit), [`${feature} = 0`])
    assert.ok((edited.edits[0]?.firedAt.length ?? 0) > 0, 'the edit fired nowhere')
    assert.deepEqual(promptscope.edits().edits.map(({ line }) => line), [`${feature} = 0`])
    assert.ok((await promptscope.viewRows('edits')).some((row) => row.includes(feature)))
    await until('the difference is open', () => shownRuns().compared.find(([original, other]) => original === run.id && other === edited.id))
  })

  it('paints a feature over the text', async () => {
    await vscode.window.showTextDocument(answer)
    await followLink(await hoverText(answer, answer.getText().trimEnd().length - 1), 'Show')
    assert.ok(promptscope.paintedRanges() > 0)
    await vscode.commands.executeCommand('promptscope.hideHeat')
    assert.equal(promptscope.paintedRanges(), 0)
  })

  it('finds runs and edits again when the worker has been restarted', async () => {
    const before = { runs: promptscope.runs(), edits: promptscope.edits() }
    await vscode.commands.executeCommand('promptscope.restartWorker')
    const after = { runs: promptscope.runs(), edits: promptscope.edits() }
    assert.equal(promptscope.workerStatus(), 'running')
    assert.deepEqual(after, before)
    assert.match(await hoverText(answer, answer.getText().trimEnd().length - 1), /L\d+\/\d+/)
  })

  it('undoes the edit', async () => {
    await vscode.commands.executeCommand('promptscope.undoEdit')
    assert.deepEqual(promptscope.edits().edits, [])
  })

  it('reads what a run left out: all layers of it, on request', async () => {
    const settings = vscode.workspace.getConfiguration('promptscope')
    await settings.update('layers', [1], vscode.ConfigurationTarget.Global)
    const ended = promptscope.nextRunEnded()
    await vscode.commands.executeCommand('promptscope.runPrompt', prompt.uri.toString())
    const { id } = await ended
    const layers = async (): Promise<readonly number[] | undefined> => (await promptscope.request(getRun, { runId: id }))?.layers
    assert.deepEqual(await layers(), [1])
    await vscode.commands.executeCommand('promptscope.readAllLayers', id)
    assert.deepEqual(await layers(), [0, 1, 2, 3, 4, 5])
    await settings.update('layers', undefined, vscode.ConfigurationTarget.Global)
  })

  it('says what is wrong with a model folder, and works again with a good one', async () => {
    const demo = join(vscode.extensions.getExtension('promptscope.promptscope')?.extensionPath ?? '', 'demo/model')
    const folder = mkdtempSync(join(tmpdir(), 'promptscope-broken-'))
    cpSync(demo, folder, { recursive: true })
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ architectures: ['GPT2LMHeadModel'], model_type: 'gpt2' }))
    const settings = vscode.workspace.getConfiguration('promptscope')
    await settings.update('model', folder, vscode.ConfigurationTarget.Global)
    await vscode.commands.executeCommand('promptscope.loadModel')
    const failed = promptscope.model()
    assert.equal(failed?.kind, 'failed')
    assert.match(failed?.kind === 'failed' ? failed.message : '', /GPT2LMHeadModel/)
    assert.ok((await promptscope.viewRows('model')).some((row) => /GPT2LMHeadModel/.test(row)))
    await settings.update('model', undefined, vscode.ConfigurationTarget.Global)
    await vscode.commands.executeCommand('promptscope.loadModel')
    assert.equal(promptscope.model()?.kind, 'ready')
    rmSync(folder, { recursive: true })
  })
})

function isOf(document: vscode.TextDocument, run: RunSummary): boolean {
  return document.uri.toString() === vscode.Uri.parse(runUri(run), true).toString()
}

/** Whether a text is somewhere in the document; white space and what a preview cuts off do not count. */
function holds(document: vscode.TextDocument, preview: string): boolean {
  const dense = (text: string): string => text.replace(/[\s…]+/g, '')
  return dense(document.getText()).includes(dense(preview))
}
