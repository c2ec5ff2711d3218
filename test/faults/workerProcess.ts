// Worker processes for fault tests: bundled as the product's build does, forked over node IPC, and killed for sure at the end.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { createProtocolConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-languageserver/node'
import type { WorkerSettings } from '../../server/protocol/requests'
import { initialise, type WorkerClient } from '../unit/worker/workerClient'

const ROOT = join(__dirname, '../..')

export interface WorkerProcess {
  readonly client: WorkerClient
  /** Of the process. */
  readonly id: number
  /** Ends the process as a crash would, and waits until it is gone. */
  kill(): Promise<void>
}

export interface WorkerProcesses {
  /** Where every worker of this test keeps its things. */
  readonly storage: string
  start(settings?: Partial<WorkerSettings>): Promise<WorkerProcess>
  /** Resolves when a run file on disk passes the test. */
  untilSaved(isThere: (file: string) => boolean): Promise<void>
  /** Kills what is left and deletes the folder. */
  remove(): void
}

/** Bundles the entry files (paths from the repository's root, by bundle name); `main` is the one that is forked. */
export async function bundleWorker(entryPoints: Readonly<Record<'main' | 'engine', string>> | Readonly<Record<'main', string>>): Promise<WorkerProcesses> {
  // Inside the repository, so that onnxruntime-node is found.
  mkdirSync(join(ROOT, 'out'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, 'out', 'worker-'))
  await build({ absWorkingDir: ROOT, entryPoints: { ...entryPoints }, outdir: folder, bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['onnxruntime-node'], logLevel: 'silent' })
  const storage = join(folder, 'storage')
  const children: ChildProcess[] = []
  return {
    storage,
    async start(settings) {
      const child = fork(join(folder, 'main.js'), ['--node-ipc'], { stdio: 'inherit', env: { PROMPTSCOPE_DEMO: join(ROOT, 'demo'), ...process.env } })
      children.push(child)
      const client = await initialise(createProtocolConnection(new IPCMessageReader(child), new IPCMessageWriter(child)), storage, settings)
      return {
        client,
        id: child.pid!,
        async kill() {
          child.kill('SIGKILL')
          await once(child, 'exit')
        },
      }
    },
    untilSaved(isThere) {
      const runs = join(storage, 'runs')
      return new Promise((resolve) => {
        const look = (): void => {
          const files = readdirSync(runs).filter((name) => name.endsWith('.run'))
          if (!files.some((name) => isThere(readFileSync(join(runs, name), 'utf8')))) return
          watcher.close()
          resolve()
        }
        const watcher = watch(runs, look)
        look()
      })
    },
    remove() {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
