// Graphs that the writer makes run, and its bytes are protocol buffers as the format defines them.
import { expect, it } from 'vitest'
import { GraphWriter, MICROSOFT } from '../../../server/graph/onnxWriter'
import { ProtobufMessage } from '../../../server/graph/protobufWriter'
import { boolTensor, float32Data, float32Tensor, openSession } from '../../../server/engine/onnx'

const open = async (graph: GraphWriter) => (await openSession(graph.modelBytes(), { baseFolder: '/', providers: [], threads: 1 })).session

it('encodes the examples of the protocol buffers documentation', () => {
  // https://protobuf.dev/programming-guides/encoding/: field 1 = 150, field 2 = "testing", field 3 = message with field 1 = 150.
  expect([...new ProtobufMessage().int(1, 150).finish()]).toEqual([0x08, 0x96, 0x01])
  expect([...new ProtobufMessage().string(2, 'testing').finish()]).toEqual([0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
  expect([...new ProtobufMessage().message(3, new ProtobufMessage().int(1, 150)).finish()]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01])
  expect([...new ProtobufMessage().int(1, -2).finish()]).toEqual([0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
  expect([...new ProtobufMessage().float(1, 1.5).finish()]).toEqual([0x0d, 0, 0, 0xc0, 0x3f])
})

it('runs a graph with every kind of attribute', async () => {
  const graph = new GraphWriter('attributes')
  graph.input('x', 'f32', [2, 'N'])
  const scaled = graph.node('FusedMatMul', ['x', 'x'], { transB: 1, alpha: { float: 0.5 } }, { domain: MICROSOFT })
  const swapped = graph.node('Transpose', [scaled], { perm: [1, 0] })
  graph.node('DepthToSpace', [graph.node('Reshape', [swapped, graph.ints(1, 4, 1, 1)])], { blocksize: 2, mode: 'CRD' }, { outputs: ['y'] })
  graph.output('y', 'f32', [1, 1, 2, 2])
  const result = await (await open(graph)).run({ x: float32Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]) }, ['y'])
  expect([...float32Data(result['y'])]).toEqual([7, 16, 16, 38.5])
})

it('shares constants and outer values with branches and never repeats a name', async () => {
  const main = new GraphWriter('main')
  main.input('flag', 'bool', [1])
  main.input('x', 'f32', [1])
  const one = main.constant('one', 'f32', [1], Float32Array.of(1))
  const yes = main.branch('yes')
  yes.output(yes.node('Add', ['x', yes.constant('one', 'f32', [1], Float32Array.of(1))]), 'f32', [1])
  const no = main.branch('no')
  no.output(no.node('Sub', ['x', one]), 'f32', [1])
  main.node('If', ['flag'], { then_branch: yes, else_branch: no }, { outputs: ['y'] })
  main.output('y', 'f32', [1])
  expect(main.freshName('Add')).not.toBe(yes.freshName('Add'))
  const session = await open(main)
  const run = async (flag: boolean) => float32Data((await session.run({ flag: boolTensor([flag]), x: float32Tensor(Float32Array.of(5), [1]) }, ['y']))['y'])[0]
  expect(await run(true)).toBe(6)
  expect(await run(false)).toBe(4)
})

it('says in one line what a graph lacks', async () => {
  const graph = new GraphWriter('broken')
  graph.input('x', 'f32', [1])
  graph.node('NoSuchOperator', ['x'], {}, { outputs: ['y'] })
  graph.output('y', 'f32', [1])
  const error: unknown = await open(graph).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(Error)
  expect((error as Error).message).toMatch(/NoSuchOperator/)
  expect((error as Error).message).not.toMatch(/\n/)
})
