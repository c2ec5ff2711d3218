// Measures what a user feels on hover: 200 hovers over the real protocol on the demo model, idle and while a run goes on.
// node scripts/benchHover.mjs [prompt file]; needs `npm run build`. Prints milliseconds as median, 95th percentile and maximum.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createProtocolConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver/node'
import { isStarted, root } from './command.mjs'

const HOVERS = 200
const GENERATE = 64
/** More than the hovers take, so that all of them meet a run that is under way. */
const LONG_GENERATE = 2000

/** Starts a worker, runs a prompt, hovers over its tokens; answers with the times in milliseconds. */
export async function benchHover(/** @type {string} */ promptFile) {
  const storageFolder = mkdtempSync(join(tmpdir(), 'promptscope-bench-'))
  const worker = spawn(process.execPath, [join(root, 'dist', 'main.js'), '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const editor = createProtocolConnection(new StreamMessageReader(worker.stdout), new StreamMessageWriter(worker.stdin))
    editor.listen()
    const sampling = { temperature: 0.8, topP: 1, topK: 0, seed: 1 }
    const settings = { model: '', sae: '', precision: 'exact', providers: ['cpu'], layers: [], generate: GENERATE, sampling, modelFolders: [] }
    await editor.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {}, initializationOptions: { storageFolder, settings } })
    await editor.sendNotification('initialized', {})
    const uri = pathToFileURL(promptFile).href
    const text = readFileSync(promptFile, 'utf8')
    await editor.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'promptscope-prompt', version: 1, text } })

    let started = performance.now()
    await editor.sendRequest('promptscope/model/load', null)
    const load = performance.now() - started
    started = performance.now()
    const run = await editor.sendRequest('promptscope/run/start', { promptUri: uri, text })
    if (run.status.kind !== 'done') throw new Error(`the run ended as ${JSON.stringify(run.status)}`)
    const first = performance.now() - started
    const idle = await hoverTimes(editor, uri, text)

    await editor.sendRequest('promptscope/settings/changed', { ...settings, generate: LONG_GENERATE })
    const streaming = new Promise((begun) => {
      editor.onNotification('promptscope/run/changed', ({ summary }) => summary.generatedTokens > 0 && begun(summary.id))
    })
    // The first hover of the re-run must find tokens; afterwards every hover is answered while it computes.
    const rerun = editor.sendRequest('promptscope/run/start', { promptUri: uri, text })
    const runId = await streaming
    const busy = await hoverTimes(editor, uri, text)
    await editor.sendRequest('promptscope/run/cancel', { runId })
    const { generatedTokens } = await rerun
    return { load, first, tokens: run.promptTokens + run.generatedTokens, idle, busy, busyTokens: generatedTokens }
  } finally {
    worker.kill()
    rmSync(storageFolder, { recursive: true, force: true })
  }
}

/** Hovers over places spread over the whole text. */
async function hoverTimes(editor, uri, text) {
  const times = []
  let answered = 0
  for (let i = 0; i < HOVERS; i++) {
    const before = text.slice(0, Math.floor((i * text.length) / HOVERS)).split('\n')
    const position = { line: before.length - 1, character: before.at(-1).length }
    const started = performance.now()
    const hover = await editor.sendRequest('textDocument/hover', { textDocument: { uri }, position })
    times.push(performance.now() - started)
    if (hover) answered++
  }
  return { times: times.sort((a, b) => a - b), answered }
}

function line(name, { times, answered }) {
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(1)
  return `hover ${name}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms (${times.length} hovers, ${answered} on tokens)`
}

if (isStarted(import.meta)) {
  const result = await benchHover(resolve(process.argv[2] ?? join(root, 'demo', 'prompts', 'story.txt')))
  console.log(`load ${result.load.toFixed(0)} ms, first run ${result.first.toFixed(0)} ms for ${result.tokens} tokens`)
  console.log(line('idle', result.idle))
  console.log(line(`during a run of ${result.busyTokens} tokens`, result.busy))
}
