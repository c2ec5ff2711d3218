// The main job inside a real VS Code, step by step: run a prompt, read a token's features, suppress one, compare, and find everything again after a crash.
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as vscode from 'vscode'
import type { TestApi } from '../../extension/testApi'
import { getRun, listRuns, pinsAndEdits, type RunDetail } from '../../server/protocol/requests'
import { runUri } from '../../server/protocol/runUri'
import { activate, followLink, hoverText, lensTitles, shownRuns, showFile, until } from './promptscope'

describe('a prompt in the editor', () => {
  let promptscope: TestApi
  let prompt: vscode.TextDocument
  let run: RunDetail

  before(async () => {
    promptscope = await activate()
    prompt = await showFile('prompts/story.prompt')
  })

  it('offers to run', async () => {
    assert.ok((await lensTitles(prompt)).some((title) => title.includes('Run')))
  })

  it('runs, and its completion arrives in the run document', async () => {
    await vscode.commands.executeCommand('promptscope.runPrompt', prompt.uri.toString())
    run = await newestRun()
    assert.equal(run.status.kind, 'done')
    assert.ok(run.generatedTokens > 0)
    assert.ok(run.text.length > run.generatedStart)
    const document = await until('the run document shows the whole completion', () => vscode.workspace.textDocuments.find(({ uri, getText }) => uri.toString() === runAddress(run).toString() && getText() === run.text))
    assert.ok(shownRuns().alone.includes(run.id))
    assert.equal(document.languageId, 'promptscope-run')
  })

  it('shows features and alternatives on hover, of the completion and of the prompt', async () => {
    const document = await vscode.workspace.openTextDocument(runAddress(run))
    const inCompletion = await hoverText(document, run.generatedStart + 1)
    assert.match(inCompletion, /\*\*L\d+\/\d+\*\*/)
    assert.match(inCompletion, /could stand here/)
    const token = run.tokens.find(({ promptRange, index }) => index > 2 && promptRange !== null && promptRange.end > promptRange.start)
    assert.ok(token?.promptRange)
    assert.match(await hoverText(prompt, token.promptRange.start), new RegExp(`\\*\\*token ${token.index}\\*\\*`))
  })

  it('suppresses a feature from the hover, re-runs and opens the difference', async () => {
    const document = await vscode.workspace.openTextDocument(runAddress(run))
    const hover = await hoverText(document, run.generatedStart + 1)
    const feature = /\*\*(L\d+\/\d+)\*\*/.exec(hover)?.[1]
    assert.ok(feature)
    await followLink(hover, 'Suppress')
    const edited = await newestRun()
    assert.equal(edited.parent?.runId, run.id)
    assert.deepEqual(edited.edits.map(({ edit }) => edit), [`${feature} = 0`])
    assert.ok((edited.edits[0]?.firedAt.length ?? 0) > 0)
    assert.deepEqual((await promptscope.request(pinsAndEdits, null)).edits.map(({ line }) => line), [`${feature} = 0`])
    await until('the difference is open', () => shownRuns().compared.find(([original, other]) => original === run.id && other === edited.id))
  })

  it('finds runs and edits again after the worker was killed', async () => {
    const before = { runs: await promptscope.request(listRuns, null), edits: await promptscope.request(pinsAndEdits, null) }
    assert.ok(promptscope.workerPid)
    const killed = promptscope.workerPid
    process.kill(killed, 'SIGKILL')
    const after = { runs: await askAgain(() => promptscope.request(listRuns, null)), edits: await promptscope.request(pinsAndEdits, null) }
    assert.notEqual(promptscope.workerPid, killed)
    assert.deepEqual(after, before)
  })

  it('says what is wrong with a model folder, and works again with a good one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'promptscope-broken-'))
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ architectures: ['LlamaForCausalLM'], model_type: 'llama' }))
    const settings = vscode.workspace.getConfiguration('promptscope')
    await settings.update('model', folder, vscode.ConfigurationTarget.Global)
    await assert.rejects(promptscope.loadModel(), /LlamaForCausalLM/)
    await settings.update('model', undefined, vscode.ConfigurationTarget.Global)
    await promptscope.loadModel()
  })

  async function newestRun(): Promise<RunDetail> {
    const [newest] = await promptscope.request(listRuns, null)
    assert.ok(newest, 'there is no run')
    const detail = await promptscope.request(getRun, { runId: newest.id })
    assert.ok(detail)
    return detail
  }
})

function runAddress(run: RunDetail): vscode.Uri {
  return vscode.Uri.parse(runUri(run), true)
}

/** A request that was on its way when the worker died is rejected; the next one reaches the new worker. */
async function askAgain<T>(ask: () => Promise<T>): Promise<T> {
  return ask().catch(() => ask())
}
