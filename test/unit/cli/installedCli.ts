// Builds the command line and its engine process as they ship, runs them as a user would, and makes small model folders to run.
import { build, type BuildOptions } from 'esbuild'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { byteString } from '../../../server/formats/byteAlphabet'

const root = resolve(import.meta.dirname, '../../..')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface InstalledCli {
  /** An empty folder that `remove` takes away. */
  readonly scratch: string
  /** stdin holds `input`; `env` adds to the environment; `onStart` gets what stops the process as Ctrl-C does. */
  run(args: readonly string[], options?: { readonly input?: string; readonly env?: Readonly<Record<string, string>>; readonly onStart?: (interrupt: () => void) => void }): Promise<Finished>
  /** Sends Ctrl-C once it is seen to read from stdin, which stays open. */
  interruptWhileReading(args: readonly string[]): Promise<Finished>
  /** Speaks JSON-RPC over stdin and stdout: sends each message once the one before is answered (notifications are not). Resolves when the process ends. */
  converse(args: readonly string[], messages: readonly { readonly id?: number; readonly method: string; readonly params?: unknown }[]): Promise<{ readonly code: number | null; readonly replies: readonly { readonly id: number; readonly result?: unknown }[] }>
  /** Starts it and leaves the conversation to the caller. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams
  remove(): void
}

/** The bundles lie under out/, from where node finds onnxruntime-node. */
export async function installCli(): Promise<InstalledCli> {
  mkdirSync(join(root, 'out'), { recursive: true })
  const folder = mkdtempSync(join(root, 'out', 'cli-'))
  const scratch = mkdtempSync(join(tmpdir(), 'promptscope-cli-'))
  const bundle: BuildOptions = { absWorkingDir: root, bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['onnxruntime-node'], logLevel: 'warning' }
  await build({ ...bundle, entryPoints: ['server/cli.ts'], outfile: join(folder, 'dist/cli.js') })
  await build({ ...bundle, entryPoints: ['server/engine/process/engineEntry.ts'], outfile: join(folder, 'dist/engine.js') })
  const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => spawn(process.execPath, [join(folder, 'dist/cli.js'), ...args], { cwd: scratch, env: { ...process.env, NO_COLOR: '1', PROMPTSCOPE_DEMO: join(scratch, 'demo'), ...env } })
  return {
    scratch,
    run(args, { input = '', env = {}, onStart } = {}) {
      const child = start(args, env)
      onStart?.(() => void child.kill('SIGINT'))
      child.stdin.end(input)
      return finished(child)
    },
    interruptWhileReading(args) {
      const child = start(args)
      // More than a pipe holds: it has gone out only when the other side has begun to read.
      child.stdin.write(Buffer.alloc(1 << 20, 'x'), () => child.kill('SIGINT'))
      return finished(child)
    },
    converse: (args, messages) => converse(start(args), messages),
    start,
    remove() {
      rmSync(folder, { recursive: true })
      rmSync(scratch, { recursive: true })
    },
  }
}

async function converse(child: ChildProcessWithoutNullStreams, messages: Parameters<InstalledCli['converse']>[1]): ReturnType<InstalledCli['converse']> {
  const closed = new Promise<number | null>((done) => child.on('close', done))
  const replies: { id: number; result?: unknown }[] = []
  let received = Buffer.alloc(0)
  const chunks = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  for (const message of messages) {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    while (message.id !== undefined && replies.at(-1)?.id !== message.id) {
      const head = /^Content-Length: (\d+)\r\n\r\n/.exec(received.toString('latin1'))
      const end = head ? head[0].length + Number(head[1]) : Infinity
      if (head && received.length >= end) {
        const reply = JSON.parse(received.subarray(head[0].length, end).toString()) as { id?: number }
        if (reply.id !== undefined) replies.push({ ...reply, id: reply.id })
        received = received.subarray(end)
        continue
      }
      const chunk = await chunks.next()
      if (chunk.done) throw new Error(`the process ended before it answered ${message.method}`)
      received = Buffer.concat([received, chunk.value])
    }
  }
  return { code: await closed, replies }
}

function finished(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  return new Promise((done, fail) => {
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    // A command that fails before it reads leaves the pipe broken.
    child.stdin.on('error', () => {})
    child.on('error', fail).on('close', (code) => done({ code, stdout, stderr }))
  })
}

const GOLDEN = join(root, 'test/golden/tied')
const CHAT_TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"

/** `folder/model` and `folder/sae`: a random Qwen3 of 3 layers, d_model 32 and 300 tokens, whose first 256 tokens are the bytes. */
export function makeModel(folder: string): { readonly model: string; readonly sae: string } {
  const model = join(folder, 'model')
  const sae = join(folder, 'sae')
  cpSync(join(GOLDEN, 'model'), model, { recursive: true })
  cpSync(join(GOLDEN, 'sae'), sae, { recursive: true })
  const vocab = Object.fromEntries(Array.from({ length: 256 }, (_, byte) => [byteString(Uint8Array.of(byte)), byte]))
  const special = ['<|im_start|>', '<|im_end|>'].map((content, index) => ({ id: 256 + index, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false }))
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false }
  writeFileSync(join(model, 'tokenizer.json'), JSON.stringify({ version: '1.0', added_tokens: special, normalizer: null, pre_tokenizer: byteLevel, post_processor: null, decoder: byteLevel, model: { type: 'BPE', vocab, merges: [] } }))
  writeFileSync(join(model, 'chat_template.jinja'), CHAT_TEMPLATE)
  writeFileSync(join(sae, 'labels.json'), JSON.stringify({ features: Object.fromEntries(Array.from({ length: 128 }, (_, feature) => [`L0/${feature}`, { label: `label ${feature}` }])) }))
  return { model, sae }
}
