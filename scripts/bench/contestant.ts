// Another program that is measured: a process of its own that is asked one thing per line of JSON and answers likewise.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Contestant {
  readonly pid: number
  /** What it answers; rejects with what it says went wrong, or when it ends. */
  ask<Answer>(job: object): Promise<Answer>
  close(): Promise<void>
}

/** Whatever it prints that is no JSON object is passed over; its stderr is shown in the error when it dies. */
export function openContestant(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Contestant {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let complaints = ''
  let waiting: { readonly done: (answer: never) => void; readonly fail: (error: Error) => void } | null = null
  const ended = new Promise<void>((done) => child.once('close', () => done()))
  const settle = (line: string): void => {
    if (!line.startsWith('{')) return
    const answer = JSON.parse(line) as { readonly result?: never; readonly error?: string }
    const asked = waiting
    waiting = null
    if (answer.error !== undefined) asked?.fail(new Error(answer.error))
    else asked?.done(answer.result!)
  }
  const died = (reason: string): void => waiting?.fail(new Error(`${command} ended (${reason}): ${complaints.trim().split('\n').at(-1) ?? ''}`))
  createInterface({ input: child.stdout }).on('line', settle)
  child.stderr.on('data', (chunk: Buffer) => (complaints = (complaints + String(chunk)).slice(-4000)))
  child.once('error', (error) => died(error.message))
  child.once('close', (code) => died(`code ${code}`))
  child.stdin.on('error', () => undefined)
  return {
    pid: child.pid ?? 0,
    ask: (job) =>
      new Promise((done, fail) => {
        if (child.exitCode !== null) return fail(new Error(`${command} has ended: ${complaints.trim().split('\n').at(-1) ?? ''}`))
        waiting = { done, fail }
        child.stdin.write(`${JSON.stringify(job)}\n`)
      }),
    async close() {
      child.stdin.end()
      await ended
    },
  }
}
