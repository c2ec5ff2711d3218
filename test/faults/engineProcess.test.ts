// An engine process that dies in the middle of a run: what waits rejects with a clear sentence, and the next call works.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Engine } from '../../server/engine/engine'
import { createEngineProcess } from '../../server/engine/process/engineProcess'
import { CancelledError, InputError } from '../../server/protocol/errors'
import { bundleEngine, type BundledEngine } from '../golden/bundledEngine'
import { generate, loadGolden } from '../golden/engineHarness'
import { readGolden } from '../golden/goldenFiles'

const golden = await readGolden('tied')

/** An engine process that runs `fault` when it reports a token of a run whose first token is 13; only in the first process. */
const faulty = (fault: string) => `
  import { existsSync, writeFileSync } from 'node:fs'
  import './server/engine/process/engineEntry'
  const send = process.send!.bind(process)
  const mark = __filename + '.died'
  process.send = (message) => {
    if (message.event?.tokens?.[0]?.id === 13 && !existsSync(mark)) {
      writeFileSync(mark, '')
      ${fault}
    }
    return send(message)
  }`

describe.each([
  ['exits', 'process.exit(7)', /^the engine stopped \(exit code 7\)$/],
  ['throws where nobody catches', "setImmediate(() => { throw new Error('engine on fire') })", /^the engine stopped \(engine on fire\)$/],
  ['crashes in native code', "process.kill(process.pid, 'SIGSEGV')", /^the engine stopped \(it crashed with SIGSEGV\)$/],
  ['is killed for want of memory', "process.kill(process.pid, 'SIGKILL')", /^the engine stopped \(the system ended it, as it does when the .* of this machine run out\)$/],
])('an engine process that %s', (_, fault, message) => {
  let bundle: BundledEngine
  let engine: Engine
  afterEach(async () => {
    await engine.dispose()
    bundle.remove()
  })

  it('rejects what waits, and the next call starts anew with the same model', async () => {
    bundle = await bundleEngine(faulty(fault))
    engine = createEngineProcess(bundle.entryFile)
    await loadGolden(engine, golden)
    const before = await generate(engine, { promptIds: [14, 2, 3], generate: 3, layers: [1] })

    const dying = generate(engine, { promptIds: [13, 2, 3], generate: 200 })
    const queued = generate(engine, { promptIds: [14] })
    const reasons = (await Promise.allSettled([dying, queued])).map((settled) => (settled.status === 'rejected' ? (settled.reason as Error) : null))
    for (const reason of reasons) {
      expect(reason).toBeInstanceOf(InputError)
      expect(reason!.message).toMatch(message)
    }

    const [after, beside] = await Promise.all([generate(engine, { promptIds: [14, 2, 3], generate: 3, layers: [1] }), generate(engine, { promptIds: [13, 2] })])
    expect(after.tokens).toEqual(before.tokens)
    expect(beside.tokens).toHaveLength(2)
  })
})

describe('an engine process that cannot start', () => {
  it('rejects with the reason', async () => {
    const engine = createEngineProcess('/nowhere/engine.js')
    await expect(loadGolden(engine, golden)).rejects.toThrow(/the engine stopped .*nowhere/)
    await engine.dispose()
  })

  it('is refused after dispose', async () => {
    const bundle = await bundleEngine("import './server/engine/process/engineEntry'")
    const engine = createEngineProcess(bundle.entryFile)
    await loadGolden(engine, golden)
    const waiting = generate(engine, { promptIds: [1, 2], generate: 200 })
    const settled = waiting.catch((error: unknown) => error)
    await engine.dispose()
    expect(await settled).toBeInstanceOf(Error)
    await expect(generate(engine, { promptIds: [1] })).rejects.toThrow('disposed of')
    bundle.remove()
  })
})

describe('a load that is cancelled while it reads weights', () => {
  it('ends at once, and what comes after it works', async () => {
    const bundle = await bundleEngine(`
      process.on('message', ({ call }) => {
        if (call?.args[0]?.modelPath !== 'endless') return
        process.send!({ kind: 'progress', job: call.args[1], progress: { message: 'reading', fraction: 0.5 } }, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
      })
      require('./server/engine/process/engineEntry')`)
    const engine = createEngineProcess(bundle.entryFile)
    const controller = new AbortController()
    const loading = engine.load({ modelPath: 'endless', saePath: null, precision: 'exact', providers: [], threads: 1 }, () => controller.abort(), controller.signal)
    const queued = generate(engine, { promptIds: [1] })
    await expect(loading).rejects.toBeInstanceOf(CancelledError)
    await expect(queued).rejects.toThrow('no model is loaded')
    await loadGolden(engine, golden)
    expect((await generate(engine, { promptIds: [1] })).tokens).toHaveLength(1)
    await engine.dispose()
    bundle.remove()
  })
})

describe('a model that is unloaded', () => {
  it('takes its process with it, once the runs that were asked for before have ended', async () => {
    const bundle = await bundleEngine("import { appendFileSync } from 'node:fs'\nimport './server/engine/process/engineEntry'\nappendFileSync(__filename + '.pids', process.pid + ' ')")
    const engine = createEngineProcess(bundle.entryFile)
    await loadGolden(engine, golden)
    const [run] = await Promise.all([generate(engine, { promptIds: [1, 2], generate: 20 }), engine.unload()])
    expect(run.tokens).toHaveLength(22)
    const pids = () => readFileSync(`${bundle.entryFile}.pids`, 'utf8').trim().split(' ').map(Number)
    expect(() => process.kill(pids()[0]!, 0)).toThrow('ESRCH')
    await loadGolden(engine, golden)
    expect(pids()).toHaveLength(2)
    await engine.dispose()
    expect(() => process.kill(pids()[1]!, 0)).toThrow('ESRCH')
    bundle.remove()
  })
})

describe('a model that is gone when the process starts again', () => {
  it('says so and works once another is loaded', async () => {
    const bundle = await bundleEngine(faulty('process.exit(7)'))
    const engine = createEngineProcess(bundle.entryFile)
    const copy = mkdtempSync(`${bundle.entryFile}-model-`)
    cpSync(golden.modelPath, copy, { recursive: true })
    await loadGolden(engine, { modelPath: copy, saePath: golden.saePath })
    const dying = generate(engine, { promptIds: [13, 2, 3], generate: 200 }).catch((error: unknown) => error)
    rmSync(copy, { recursive: true })
    expect(await dying).toBeInstanceOf(Error)
    await expect(generate(engine, { promptIds: [1] })).rejects.toBeInstanceOf(InputError)
    await expect(generate(engine, { promptIds: [1] })).rejects.toBeInstanceOf(InputError)
    await loadGolden(engine, golden)
    expect((await generate(engine, { promptIds: [1] })).tokens).toHaveLength(1)
    await engine.dispose()
    bundle.remove()
  })
})
