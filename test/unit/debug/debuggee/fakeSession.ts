// A debuggee over a fake program, and everything that it told.
import { createDebuggee } from '../../../../server/debug/debuggee/createDebuggee'
import type { Motion, Place, Stop } from '../../../../server/debug/branch'
import type { Debuggee } from '../../../../server/debug/debuggee'
import type { StopRule } from '../../../../server/debug/stopRule'
import { fakeProgram, type FakeProgram, type FakeProgramOptions } from './fakeProgram'

export const NEVER = new AbortController().signal

export interface FakeSession {
  readonly program: FakeProgram
  readonly debuggee: Debuggee
  /** `branch position text` of each log. */
  readonly logs: readonly string[]
  /** Positions that were told of, by branch. */
  readonly told: ReadonlyMap<number, readonly number[]>
  readonly forks: readonly string[]
  /** Moves branch 1, or another, and says where it stands then, as `reason position` or `reason position.layer`. */
  readonly go: (motion: Motion | Motion['kind'], branchId?: number, signal?: AbortSignal) => Promise<string>
}

export function fakeSession(options: FakeProgramOptions = {}): FakeSession {
  const program = fakeProgram(options)
  const logs: string[] = []
  const told = new Map<number, number[]>()
  const forks: string[] = []
  const debuggee = createDebuggee(program, {
    onTokens: ({ id }, first, end) => {
      for (let position = first; position < end; position++) told.set(id, [...(told.get(id) ?? []), position])
    },
    onLog: ({ id }, position, text) => logs.push(`${id} ${position} ${text}`),
    onFork: ({ name }) => forks.push(name),
  })
  return {
    program, debuggee, logs, told, forks,
    async go(motion, branchId = 1, signal = NEVER) {
      const stop = await debuggee.move(branchId, typeof motion === 'string' ? plainMotion(motion) : motion, signal)
      return whereabouts(stop, debuggee.branch(branchId).place)
    },
  }
}

/** A started session that stands on its first token. */
export async function startedSession(options: FakeProgramOptions = {}, rules: readonly StopRule[] = []): Promise<FakeSession> {
  const session = fakeSession(options)
  session.debuggee.setRules(rules)
  await session.debuggee.start(false, NEVER)
  return session
}

/** A rule that holds at the tokens of these positions, or where the test says. */
export function ruleAt(id: number, where: readonly number[] | StopRule['holds'], rest: Partial<StopRule> = {}): StopRule {
  return { id, kind: 'line', needs: { layers: [], predictions: false }, holds: typeof where === 'function' ? where : ({ position }) => where.includes(position), counts: null, log: null, ...rest }
}

function plainMotion(kind: Motion['kind']): Motion {
  if (kind === 'goto') throw new Error('goto needs a position')
  return kind === 'stepIn' ? { kind, layer: null } : { kind }
}

function whereabouts({ reason }: Stop, { position, layer }: Place): string {
  return `${reason} ${position}${layer === null ? '' : `.${layer}`}`
}
