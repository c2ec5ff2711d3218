// From the start of the worker process to the first token on screen, over the protocol that the editor speaks.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createProtocolConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver/node'
import { runChanged, startRun, type WorkerSettings } from '../../server/protocol/requests'
import { GREEDY, type Precision } from '../../server/protocol/values'
import type { Setting } from './measure'
import { amount, msText, type Row, type Target } from './row'

const LIMIT_MS: Readonly<Record<Precision, Target | null>> = { q8: { atMost: 3000 }, q4: null, exact: null }
const LENGTHS = [16, 128]

export async function measureStart({ contestants, options, precision }: Setting): Promise<readonly Row[]> {
  const { files, root } = contestants
  const { sae } = options.shape
  const shown = sae.layers[sae.layers.length >> 1]!
  const rows: Row[] = []
  for (const length of LENGTHS) {
    const times: number[] = []
    const first = (): Promise<number> => firstToken(join(root, 'dist/main.js'), { model: files.model, sae: files.sae, precision, providers: ['cpu'], layers: [shown], generate: 4, sampling: GREEDY, modelFolders: [], cacheLimitBytes: null }, length)
    await first()
    for (let round = 0; round < options.repeats; round++) times.push(await first())
    const target = length === LENGTHS[0] ? LIMIT_MS[precision] : null
    rows.push(amount({ part: 'start', what: `${precision} worker start to first token of a ${length}-token prompt, top-${sae.k} of a layer`, values: times, text: msText, target }))
  }
  return rows
}

/** Milliseconds. */
async function firstToken(workerFile: string, settings: WorkerSettings, length: number): Promise<number> {
  const storageFolder = mkdtempSync(join(tmpdir(), 'promptscope-bench-'))
  const started = performance.now()
  const worker = spawn(process.execPath, [workerFile, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const editor = createProtocolConnection(new StreamMessageReader(worker.stdout), new StreamMessageWriter(worker.stdin))
    editor.listen()
    await editor.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {}, initializationOptions: { storageFolder, settings } })
    await editor.sendNotification('initialized', {})
    // The made-up tokenizer has a token for each digit, and none for two.
    const promptUri = pathToFileURL(join(storageFolder, 'bench.txt')).href
    const text = Array.from({ length }, (_, index) => String(index % 10)).join('')
    await editor.sendNotification('textDocument/didOpen', { textDocument: { uri: promptUri, languageId: 'promptscope-prompt', version: 1, text } })
    const there = new Promise<number>((done) => {
      editor.onNotification(runChanged.method, ({ summary }: { readonly summary: { readonly generatedTokens: number } }) => {
        if (summary.generatedTokens > 0) done(performance.now() - started)
      })
    })
    const run = editor.sendRequest<{ readonly status: object; readonly promptTokens: number }>(startRun.method, { promptUri, text }).then((detail) => {
      if (detail.promptTokens !== length) throw new Error(`the prompt has ${detail.promptTokens} tokens instead of ${length}: ${JSON.stringify(detail.status)}`)
      return detail
    })
    const ms = await Promise.race([there, run.then(() => there)])
    await run
    return ms
  } finally {
    worker.kill()
    rmSync(storageFolder, { recursive: true, force: true })
  }
}
