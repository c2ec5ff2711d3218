// What the worker and the engine process say to each other: calls and replies of rpc.ts, events of a call, and cancels.
import type { Call, Reply } from '../../protocol/rpc'
import type { Progress } from '../../protocol/values'
import type { CapturedPart } from './capturedParts'
import type { Engine, GenerateEvent, GenerateRequest, GenerateResult, InspectRequest, Inspection, LoadedModel, LoadRequest, ReadEvent, ReadRequest } from '../engine'

/** The engine's methods as they cross the border. `job` is the number that events and cancels of a call bear. */
export interface EngineApi {
  load(request: LoadRequest, job: number): Promise<LoadedModel>
  /** What it captured comes before, in parts, and is null here. */
  generate(request: GenerateRequest, job: number): Promise<GenerateResult>
  read(request: ReadRequest, job: number): Promise<void>
  inspect(request: InspectRequest, job: number): Promise<Inspection>
  memory(): ReturnType<Engine['memory']>
}

export type ToEngine = { readonly kind: 'call'; readonly call: Call } | { readonly kind: 'cancel'; readonly job: number }

export type FromEngine =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'progress'; readonly job: number; readonly progress: Progress }
  | { readonly kind: 'event'; readonly job: number; readonly event: GenerateEvent | ReadEvent }
  | { readonly kind: 'captured'; readonly job: number; readonly part: CapturedPart }
