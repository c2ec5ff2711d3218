// Debug sessions over the real command line and the demo model, as a client outside of VS Code has them.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Trace } from '../../server/protocol/values'
import { installCli, type InstalledCli } from '../unit/cli/installedCli'
import { dapClient, type DapClient, type StartSettings } from '../unit/debug/dap/client'

export const DEMO = join(import.meta.dirname, '../../demo')
const ENV = { PROMPTSCOPE_DEMO: DEMO }

export interface RealSession extends DapClient {
  /** The text that was said to be generated. */
  completion(): string
  /** Resolves when tokens are being generated. */
  untilGenerating(): Promise<void>
  /** The engine's process; fails when there is not exactly one. */
  engineId(): Promise<number>
  /** Says nothing more, as a client that was killed. */
  closeStdin(): void
  /** Ends the process as a crash would. */
  kill(): void
  /** Exit code and all of stderr, once the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>
}

export interface RealSessions {
  /** An empty folder. */
  readonly scratch: string
  /** A session that is launched and runs, or stands on its first token. */
  start(launch: object, settings?: StartSettings): Promise<RealSession>
  /** A process that has been told nothing yet. */
  open(): RealSession
  trace(args: readonly string[]): Promise<Trace>
  /** Ends what is left. */
  remove(): void
}

export async function realSessions(): Promise<RealSessions> {
  const cli: InstalledCli = await installCli()
  const kills: (() => void)[] = []
  const sessions: RealSessions = {
    scratch: cli.scratch,
    open() {
      const child = cli.start(['serve', '--dap', '--stdio'], ENV)
      kills.push(() => child.kill('SIGKILL'))
      let stderr = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      child.stdin.on('error', () => {})
      const client = dapClient(child.stdout, child.stdin)
      const completion = (): string => client.said.flatMap(({ message }) => outputOf(message)).join('')
      return {
        ...client,
        completion,
        async untilGenerating() {
          while (completion() === '') await client.event('output')
        },
        async engineId() {
          const { stdout } = await promisify(execFile)('pgrep', ['-P', String(child.pid)])
          const ids = stdout.trim().split('\n')
          if (ids.length !== 1) throw new Error(`the command line has ${ids.length} processes below it`)
          return Number(ids[0])
        },
        closeStdin: () => void child.stdin.end(),
        kill: () => void child.kill('SIGKILL'),
        ended: once(child, 'close').then(([code]) => ({ code: code as number | null, stderr })),
      }
    },
    async start(launch, settings) {
      const session = sessions.open()
      const { success, message } = await session.start(launch, settings)
      if (!success) throw new Error(`launch: ${message}`)
      return session
    },
    async trace(args) {
      const { code, stdout, stderr } = await cli.run(['trace', ...args, '--json'], { env: ENV })
      if (code !== 0) throw new Error(stderr)
      return JSON.parse(stdout) as Trace
    },
    remove() {
      for (const kill of kills) kill()
      cli.remove()
    },
  }
  return sessions
}

/** Whether a process is still there. */
export function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}

export function generatedText(trace: Trace): string {
  return trace.tokens.filter(({ generated }) => generated).map(({ text }) => text).join('')
}

function outputOf(message: { readonly type: string }): string[] {
  const { event, body } = message as { readonly event?: string; readonly body?: { readonly category?: string; readonly output?: string } }
  return event === 'output' && body?.category === 'stdout' ? [body.output ?? ''] : []
}
