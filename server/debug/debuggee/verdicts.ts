// What stop rules answered on one branch, a byte per token and rule: so that hits are counted by position, and going over tokens again reads nothing.
import type { Finding } from '../branch'
import type { StopRule } from '../stopRule'

export interface Verdicts {
  /** Whether the rule holds at the token; undefined while it has not been asked. */
  get(rule: StopRule, position: number): boolean | undefined
  /** Whether it has been asked at all of the tokens first … end − 1. */
  knows(rule: StopRule, first: number, end: number): boolean
  set(rule: StopRule, position: number, answer: boolean | Finding): void
  /** What an exception filter found there. */
  finding(rule: StopRule, position: number): Finding | null
  /** At how many tokens up to and with this one the rule holds; all of them must have been asked. */
  times(rule: StopRule, position: number): number
  /** Takes note that the rule logs at this token; false when it has done so before. */
  logsFirst(rule: StopRule, position: number): boolean
  hasLogged(rule: StopRule, position: number): boolean
  /** Forgets the answers from `position` on, but not what was logged. */
  forget(position: number): void
  /** Forgets the rules that are not among these. */
  keepOnly(rules: readonly StopRule[]): void
  /** For a branch that shares the first `end` tokens. */
  fork(end: number): Verdicts
}

interface Answers {
  /** By position: 0 unknown, 1 does not hold, 2 holds; grows by doubling. */
  bytes: Uint8Array
  readonly findings: Map<number, Finding>
}

const HOLDS = 2

export function createVerdicts(known: ReadonlyMap<StopRule, Answers> = new Map(), loggedBefore: ReadonlyMap<number, ReadonlySet<number>> = new Map()): Verdicts {
  const answers = new Map(known)
  /** By rule id, because a breakpoint that is set again is another object. */
  const logged = new Map(Array.from(loggedBefore, ([id, positions]) => [id, new Set(positions)]))

  return {
    get(rule, position) {
      const byte = answers.get(rule)?.bytes[position] ?? 0
      return byte === 0 ? undefined : byte === HOLDS
    },
    knows(rule, first, end) {
      const bytes = answers.get(rule)?.bytes
      return bytes !== undefined && end <= bytes.length && !bytes.subarray(first, end).includes(0)
    },
    set(rule, position, answer) {
      const own = answers.get(rule) ?? { bytes: new Uint8Array(64), findings: new Map<number, Finding>() }
      if (position >= own.bytes.length) own.bytes = grown(own.bytes, position + 1)
      own.bytes[position] = answer === false ? 1 : HOLDS
      if (typeof answer === 'object') own.findings.set(position, answer)
      answers.set(rule, own)
    },
    finding: (rule, position) => answers.get(rule)?.findings.get(position) ?? null,
    times: (rule, position) => answers.get(rule)?.bytes.subarray(0, position + 1).reduce((count, byte) => count + (byte === HOLDS ? 1 : 0), 0) ?? 0,
    logsFirst(rule, position) {
      const positions = logged.get(rule.id) ?? new Set()
      if (positions.has(position)) return false
      logged.set(rule.id, positions.add(position))
      return true
    },
    hasLogged: (rule, position) => logged.get(rule.id)?.has(position) ?? false,
    forget(position) {
      for (const own of answers.values()) {
        own.bytes.fill(0, position)
        for (const found of own.findings.keys()) if (found >= position) own.findings.delete(found)
      }
    },
    keepOnly(rules) {
      for (const rule of answers.keys()) if (!rules.includes(rule)) answers.delete(rule)
    },
    fork(end) {
      const copies = Array.from(answers, ([rule, { bytes, findings }]): [StopRule, Answers] => [rule, { bytes: bytes.slice(0, end), findings: new Map([...findings].filter(([position]) => position < end)) }])
      return createVerdicts(new Map(copies), new Map(Array.from(logged, ([id, positions]) => [id, new Set([...positions].filter((position) => position < end))])))
    },
  }
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  const larger = new Uint8Array(Math.max(length, 2 * bytes.length))
  larger.set(bytes)
  return larger
}
