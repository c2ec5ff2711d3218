// Reads a large tensor with the library that our engine computes with, in a process of its own and nothing else in it: a second way to find how fast memory can be read.
import { tmpdir } from 'node:os'
import { createSession, float32Tensor, loadRuntime, type Session, type Tensor } from '../../server/engine/onnx'
import { GraphWriter } from '../../server/graph/onnxWriter'
import { answerLines } from './answerLines'

type Job = { readonly job: 'open'; readonly threads: number; readonly bytes: number } | { readonly job: 'read' }

/** Long enough to be read at full speed, short enough that both threads have many. */
const ROW = 65_536

/** Until its input ends. */
export async function serveReader(): Promise<void> {
  let opened: { readonly sessions: readonly Session[]; readonly tensor: Tensor; readonly bytes: number } | null = null
  await answerLines(async (job: Job) => {
    if (job.job === 'open') {
      await loadRuntime()
      const rows = Math.ceil(job.bytes / 4 / ROW)
      const sessions = await Promise.all(['ReduceMax', 'ReduceSum'].map((reduce) => createSession(reduceGraph(reduce), { baseFolder: tmpdir(), threads: job.threads }, 'cpu')))
      opened = { sessions, tensor: float32Tensor(new Float32Array(rows * ROW).fill(1), [rows, ROW]), bytes: 4 * rows * ROW }
      return null
    }
    const { sessions, tensor, bytes } = opened!
    const speeds: number[] = []
    for (const session of sessions) {
      const started = performance.now()
      await session.run({ x: tensor }, ['y'])
      speeds.push(bytes / ((performance.now() - started) / 1000))
    }
    return Math.max(...speeds)
  })
}

function reduceGraph(reduce: string): Uint8Array {
  const graph = new GraphWriter(reduce)
  graph.input('x', 'f32', ['rows', ROW])
  graph.node(reduce, ['x', graph.ints(1)], { keepdims: 0 }, { outputs: ['y'] })
  graph.output('y', 'f32', ['rows'])
  return graph.modelBytes()
}
