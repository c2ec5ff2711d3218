// The debugged generation put together: its branches, who works on which, and what each call does to them.
import { InputError, NonFiniteError } from '../../protocol/errors'
import type { Stop } from '../branch'
import type { Debuggee, DebuggeeEvents } from '../debuggee'
import type { DebuggedProgram } from '../program'
import { applyChange } from './applyChange'
import { createBranchReader, keepReadings } from './branchReader'
import { describeBranch, latest, limitsOf, type BranchState } from './branchState'
import { goForward } from './goForward'
import { linkedController } from './linkedController'
import { moveBy, ONE_TOKEN, ONWARD } from './motions'
import { planChange } from './planChange'
import { readPrompt, unreadPrompt } from './readPrompt'
import { factsAt } from './readings'
import { createRuleSet } from './ruleSet'
import { createVerdicts } from './verdicts'
import { arrive, tell, type Workings } from './workings'

/** The id of the exception filter for values that are not numbers. */
const NON_FINITE = 'nonFinite'

/** A debuggee that has read nothing yet; `start` begins it. */
export function createDebuggee(program: DebuggedProgram, events: DebuggeeEvents): Debuggee {
  const branches: BranchState[] = []
  const underWay = new Set<Promise<unknown>>()
  const closing = new AbortController()
  const { model, prompt, settings } = program
  const limits = limitsOf(model, prompt.ids.length, settings.stopIds)
  const workings: Workings = { program, events, limits, rules: createRuleSet(), reader: createBranchReader(program.engine, model, prompt.ids.length, () => branches) }
  let nextId = 2
  const display = (id: number): string => program.tokenizer.display(id)

  function stateOf(id: number): BranchState {
    const state = branches.find((branch) => branch.id === id)
    if (!state) throw new InputError(`branch ${id} does not exist`, branches.length ? `choose one of ${branches.map((branch) => branch.id).join(', ')}` : 'start the session first')
    return state
  }

  /** Runs the one move or change of a branch, then lets its record rest. */
  function working<Result>(state: BranchState, signal: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (state.work) throw new InputError(`branch ${state.id} is running`, 'pause it first')
    const { controller, unlink } = linkedController([signal, closing.signal])
    state.work = controller
    return tracked(
      (async () => {
        try {
          return await work(controller.signal)
        } finally {
          unlink()
          await settle(state)
          state.work = null
        }
      })(),
    )
  }

  function tracked<Result>(work: Promise<Result>): Promise<Result> {
    const settled = work.then(() => {}, () => {})
    underWay.add(settled)
    void settled.then(() => underWay.delete(settled))
    return work
  }

  async function settle(state: BranchState): Promise<void> {
    if (!state.isRecordStirred) return
    state.isRecordStirred = false
    await state.record.rest(describeBranch(state, limits).ended ?? 'paused')
  }

  /** The stop that a failed computation makes where a rule waits for it; else the error is thrown on. */
  function stopOnFailure(error: unknown): Stop {
    const rule = workings.rules.current().find(({ filter }) => filter === NON_FINITE)
    if (!(error instanceof NonFiniteError) || !rule) throw error
    const { position, message } = error
    return { reason: 'exception', rules: [rule.id], finding: { filter: NON_FINITE, message, first: position, last: position } }
  }

  function begin(timeline: BranchState['timeline']): BranchState {
    const { edits, sampling, generate } = settings
    const name = program.file?.path.split(/[\\/]/).at(-1) ?? 'main'
    const state: BranchState = {
      id: 1, name, parent: null, timeline, place: { position: 0, layer: null }, segments: [{ from: 0, edits, editKeys: edits.map((_, index) => index), sampling }], forced: [], generate,
      goneOver: 0, told: 0, verdicts: createVerdicts(), recent: new Map(),
      record: program.openRecord({ name, parent: null, tokens: timeline.snapshot(), edits, sampling }), isRecordStirred: true, work: null,
    }
    branches.push(state)
    return state
  }

  return {
    program,
    branches: () => branches.map((state) => describeBranch(state, limits)),
    branch: (id) => describeBranch(stateOf(id), limits),
    setRules(rules) {
      for (const { verdicts } of branches) verdicts.keepOnly(rules)
      workings.rules.replace(rules)
    },
    start: (toFirstStop, signal) =>
      tracked(
        (async () => {
          // A pause waits for the prompt: before it has been read there is nothing to stand on.
          const read = await readPrompt(workings, closing.signal).then((timeline) => ({ timeline, failure: null }), (error: unknown) => ({ timeline: unreadPrompt(workings), failure: stopOnFailure(error) }))
          const state = begin(read.timeline)
          return working(state, signal, async (ownSignal) => {
            if (read.failure) {
              arrive(state, 0)
              tell(workings, state)
              return read.failure
            }
            const stop = await goForward(workings, state, 0, toFirstStop ? ONWARD : ONE_TOKEN, ownSignal).catch(stopOnFailure)
            if (stop.reason === 'pause' && state.goneOver === 0) {
              const first = await goForward(workings, state, 0, ONE_TOKEN, closing.signal).catch(stopOnFailure)
              return first.reason === 'step' ? stop : first
            }
            return toFirstStop || stop.reason === 'pause' ? stop : { ...stop, reason: 'entry' }
          })
        })(),
      ),
    async move(branchId, motion, signal) {
      const state = stateOf(branchId)
      return working(state, signal, (ownSignal) => moveBy(workings, state, motion, ownSignal).catch(stopOnFailure))
    },
    async change(branchId, change, signal) {
      const state = stateOf(branchId)
      const target = await working(state, signal, async (ownSignal) => {
        const plan = planChange(state, change, { limits, vocabSize: model.vocabSize, display })
        if (!plan) return state
        const place = change.kind === 'restart' ? { ...state.place, layer: null } : state.place
        const changed = await applyChange(workings, state, plan, place, () => nextId++, ownSignal)
        if (changed === state) return state
        branches.push(changed)
        events.onFork(describeBranch(changed, limits))
        await settle(changed)
        return changed
      })
      return describeBranch(target, limits)
    },
    rename(branchId, name) {
      const state = stateOf(branchId)
      state.name = name
      const { edits, sampling } = latest(state)
      state.record.change({ name, edits, sampling })
      return describeBranch(state, limits)
    },
    async facts(branchId, position, needs, signal) {
      const state = stateOf(branchId)
      checkPosition(state, position)
      const [readings] = await workings.reader.read(state, position, position + 1, needs, signal)
      if (position === state.place.position) keepReadings(state, position, readings!)
      return factsAt(position, state.timeline.snapshot(), readings!)
    },
    async inspect(branchId, position, wanted, signal) {
      const state = stateOf(branchId)
      checkPosition(state, position)
      return program.engine.inspect({ ...wanted, tokenIds: state.timeline.ids(position + 1), promptLength: limits.promptLength, edits: latest(state).edits }, signal)
    },
    async close(ended) {
      closing.abort()
      await Promise.all(underWay)
      await Promise.all(branches.map((state) => state.record.rest(describeBranch(state, limits).ended ?? ended)))
    },
  }

  function checkPosition({ id, timeline: { tokens } }: BranchState, position: number): void {
    if (!(Number.isInteger(position) && position >= 0 && position < tokens.length)) throw new InputError(`token ${position} is not on branch ${id}`, `choose one from 0 to ${tokens.length - 1}`)
  }
}
