// Writes an ONNX model as bytes: nodes, initialisers (inline or in another file), inputs, outputs and subgraphs.
// Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
import { ProtobufMessage } from './protobufWriter'

/** ONNX TensorProto.DataType. */
export const ELEMENT_TYPE = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, bool: 9, f16: 10, bf16: 16 } as const
export type ElementType = keyof typeof ELEMENT_TYPE

/** Operators that ONNX Runtime adds to the standard set live in this domain. */
export const MICROSOFT = 'com.microsoft'

/** A dimension is a size or a symbol such as `T`. */
export type Dimension = number | string

/** A bare number is an integer attribute; a float must be marked with `float`. */
export type Attribute = number | string | readonly number[] | { readonly float: number } | GraphWriter

/** Where an initialiser's bytes lie outside the model: `location` is relative to the folder that the session is given. */
export interface ExternalData {
  readonly location: string
  readonly offset: number
  readonly length: number
}

interface NodeOptions {
  readonly domain?: string
  /** Names of the outputs; an empty name skips one. Default: one fresh name. */
  readonly outputs?: readonly string[]
}

const OPSET = 21
const IR_VERSION = 10
const EXTERNAL = 1

/** A graph under construction. Branches share their root's initialisers and name counter, so every name is unique in the model. */
export class GraphWriter {
  private readonly nodes: ProtobufMessage[] = []
  private readonly initializers = new Map<string, ProtobufMessage>()
  private readonly inputs: ProtobufMessage[] = []
  private readonly outputs: ProtobufMessage[] = []
  private readonly root: GraphWriter
  private nameCount = 0

  constructor(
    readonly name: string,
    parent: GraphWriter | null = null,
  ) {
    this.root = parent ? parent.root : this
  }

  /** A subgraph, for the branches of an `If`. It sees the values of the graphs around it by name. */
  branch(name: string): GraphWriter {
    return new GraphWriter(name, this)
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.inputs.push(valueInfo(name, type, shape))
    return name
  }

  output(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.outputs.push(valueInfo(name, type, shape))
    return name
  }

  /** An initialiser whose bytes lie in another file. */
  external(name: string, type: ElementType, shape: readonly number[], data: ExternalData): string {
    this.initializer(name, type, shape, (tensor) => {
      for (const [key, value] of Object.entries({ location: data.location, offset: data.offset, length: data.length }))
        tensor.message(13, new ProtobufMessage().string(1, key).string(2, String(value)))
      tensor.int(14, EXTERNAL)
    })
    return name
  }

  /** An initialiser inside the model. The same name must always hold the same values. */
  constant(name: string, type: ElementType, shape: readonly number[], values: ArrayBufferView): string {
    this.initializer(name, type, shape, (tensor) => tensor.bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)))
    return name
  }

  /** A one-dimensional int64 constant, as shapes and axes are given. */
  ints(...values: readonly number[]): string {
    return this.constant(`ints_${values.join('_')}`, 'i64', [values.length], BigInt64Array.from(values, BigInt))
  }

  /** Adds a node and returns the name of its first output. */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}, options: NodeOptions = {}): string {
    const name = this.freshName(type)
    const outputs = options.outputs ?? [`${name}:0`]
    const node = new ProtobufMessage()
    for (const input of inputs) node.string(1, input)
    for (const output of outputs) node.string(2, output)
    node.string(3, name).string(4, type)
    for (const [key, value] of Object.entries(attributes)) node.message(5, attributeMessage(key, value))
    if (options.domain) node.string(7, options.domain)
    this.nodes.push(node)
    return outputs[0]!
  }

  /** A name that nothing else in the model has. */
  freshName(stem: string): string {
    return `${stem}_${this.root.nameCount++}`
  }

  /** The model with this graph as its main graph. */
  modelBytes(): Uint8Array {
    const opset = (domain: string, version: number) => new ProtobufMessage().string(1, domain).int(2, version)
    return new ProtobufMessage().int(1, IR_VERSION).message(7, this.graphMessage()).message(8, opset('', OPSET)).message(8, opset(MICROSOFT, 1)).finish()
  }

  graphMessage(): ProtobufMessage {
    const graph = new ProtobufMessage()
    for (const node of this.nodes) graph.message(1, node)
    graph.string(2, this.name)
    for (const tensor of this.initializers.values()) graph.message(5, tensor)
    for (const input of this.inputs) graph.message(11, input)
    for (const output of this.outputs) graph.message(12, output)
    return graph
  }

  private initializer(name: string, type: ElementType, shape: readonly number[], fill: (tensor: ProtobufMessage) => void): void {
    const { initializers } = this.root
    if (initializers.has(name)) return
    const tensor = new ProtobufMessage()
    for (const size of shape) tensor.int(1, size)
    tensor.int(2, ELEMENT_TYPE[type]).string(8, name)
    fill(tensor)
    initializers.set(name, tensor)
  }
}

function attributeMessage(name: string, value: Attribute): ProtobufMessage {
  const attribute = new ProtobufMessage().string(1, name)
  if (value instanceof GraphWriter) return attribute.message(6, value.graphMessage()).int(20, 5)
  if (typeof value === 'string') return attribute.string(4, value).int(20, 3)
  if (typeof value === 'number') return attribute.int(3, value).int(20, 2)
  if ('float' in value) return attribute.float(2, value.float).int(20, 1)
  for (const item of value) attribute.int(8, item)
  return attribute.int(20, 7)
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): ProtobufMessage {
  const dimensions = new ProtobufMessage()
  for (const size of shape) {
    dimensions.message(1, typeof size === 'number' ? new ProtobufMessage().int(1, size) : new ProtobufMessage().string(2, size))
  }
  const tensorType = new ProtobufMessage().int(1, ELEMENT_TYPE[type]).message(2, dimensions)
  return new ProtobufMessage().string(1, name).message(2, new ProtobufMessage().message(1, tensorType))
}
