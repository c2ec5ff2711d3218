// Measures what a user feels on hover: 200 hovers over the real protocol on the demo model, idle and while a run goes on. `npm run bench` bundles and runs it.
// Takes a prompt file; prints milliseconds as median, 95th percentile and maximum.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createProtocolConnection, StreamMessageReader, StreamMessageWriter, type Hover, type ProtocolConnection } from 'vscode-languageserver/node'
import { cancelRun, loadModel, runChanged, settingsChanged, startRun, type NotificationName, type RequestName, type WorkerSettings } from '../../server/protocol/requests'

const HOVERS = 200
const GENERATE = 64
/** More than the hovers take, so that all of them meet a run that is under way. */
const LONG_GENERATE = 2000

interface HoverTimes {
  /** In milliseconds, shortest first. */
  readonly times: readonly number[]
  /** Hovers that met a token. */
  readonly answered: number
}

async function main(promptFile: string): Promise<void> {
  const storageFolder = mkdtempSync(join(tmpdir(), 'promptscope-bench-'))
  const worker = spawn(process.execPath, [resolve('dist/main.js'), '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const editor = createProtocolConnection(new StreamMessageReader(worker.stdout), new StreamMessageWriter(worker.stdin))
    editor.listen()
    const ask = <Params, Result>({ method }: RequestName<Params, Result>, params: Params): Promise<Result> => editor.sendRequest<Result>(method, params)
    const sampling = { temperature: 0.8, topP: 1, topK: 0, seed: 1 }
    const settings: WorkerSettings = { model: '', sae: '', precision: 'exact', providers: ['cpu'], layers: [], generate: GENERATE, sampling, modelFolders: [], cacheLimitBytes: null }
    await editor.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {}, initializationOptions: { storageFolder, settings } })
    await editor.sendNotification('initialized', {})
    const promptUri = pathToFileURL(promptFile).href
    const text = readFileSync(promptFile, 'utf8')
    await editor.sendNotification('textDocument/didOpen', { textDocument: { uri: promptUri, languageId: 'promptscope-prompt', version: 1, text } })

    let started = performance.now()
    await ask(loadModel, null)
    console.log(`load ${(performance.now() - started).toFixed(0)} ms`)
    started = performance.now()
    const run = await ask(startRun, { promptUri, text })
    if (run.status.kind !== 'done') throw new Error(`the run ended as ${JSON.stringify(run.status)}`)
    console.log(`first run ${(performance.now() - started).toFixed(0)} ms for ${run.promptTokens + run.generatedTokens} tokens`)
    print('idle', await hover(editor, promptUri, text))

    await ask(settingsChanged, { ...settings, generate: LONG_GENERATE })
    // The first hover of the new run must find tokens; afterwards every hover is answered while it computes.
    const streaming = firstOf(editor, runChanged, ({ summary }) => (summary.generatedTokens > 0 ? summary.id : undefined))
    const longRun = ask(startRun, { promptUri, text })
    const runId = await streaming
    const busy = await hover(editor, promptUri, text)
    await ask(cancelRun, { runId })
    const { generatedTokens } = await longRun
    print(`during a run of ${generatedTokens} tokens`, busy)
  } finally {
    worker.kill()
    rmSync(storageFolder, { recursive: true, force: true })
  }
}

/** Hovers over places spread over the whole text. */
async function hover(editor: ProtocolConnection, uri: string, text: string): Promise<HoverTimes> {
  const times: number[] = []
  let answered = 0
  for (let i = 0; i < HOVERS; i++) {
    const before = text.slice(0, Math.floor((i * text.length) / HOVERS)).split('\n')
    const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
    const started = performance.now()
    const found = await editor.sendRequest<Hover | null>('textDocument/hover', { textDocument: { uri }, position })
    times.push(performance.now() - started)
    if (found) answered++
  }
  return { times: times.sort((a, b) => a - b), answered }
}

/** What `pick` finds in the first notification in which it finds something. */
function firstOf<Params, Found>(editor: ProtocolConnection, { method }: NotificationName<Params>, pick: (params: Params) => Found | undefined): Promise<Found> {
  return new Promise((done) => {
    editor.onNotification(method, (params: Params) => {
      const found = pick(params)
      if (found !== undefined) done(found)
    })
  })
}

function print(when: string, { times, answered }: HoverTimes): void {
  const at = (share: number): string => (times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN).toFixed(1)
  console.log(`hover ${when}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms (${times.length} hovers, ${answered} on tokens)`)
}

void main(resolve(process.argv[2] ?? 'demo/prompts/story.txt'))
