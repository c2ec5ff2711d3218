// An engine thread that dies in the middle of a run: what waits rejects with a clear sentence, and the next call works.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Engine } from '../../server/engine/engine'
import { createThreadedEngine } from '../../server/engine/engineThread'
import { InputError } from '../../server/protocol/errors'
import { bundleThread, type BundledThread } from '../golden/bundledThread'
import { generate, loadGolden } from '../golden/engineHarness'
import { readGolden } from '../golden/goldenFiles'

const golden = await readGolden('tied')

/** An engine thread that runs `fault` when it reports a token of a run whose first token is 13; only in the first thread. */
const faulty = (fault: string) => `
  import { parentPort } from 'node:worker_threads'
  import { existsSync, writeFileSync } from 'node:fs'
  import './server/engine/thread'
  const post = parentPort!.postMessage.bind(parentPort)
  const mark = __filename + '.died'
  parentPort!.postMessage = (message, transfer) => {
    if (message.event?.tokens?.[0]?.id === 13 && !existsSync(mark)) {
      writeFileSync(mark, '')
      ${fault}
    }
    post(message, transfer)
  }`

describe.each([
  ['exits', 'process.exit(7)', /^the engine thread stopped \(exit code 7\); run again to start a new one$/],
  ['throws where nobody catches', "setImmediate(() => { throw new Error('thread on fire') })", /^the engine thread stopped \(thread on fire\); run again to start a new one$/],
])('an engine thread that %s', (_, fault, message) => {
  let bundle: BundledThread
  let engine: Engine
  afterEach(async () => {
    await engine.dispose()
    bundle.remove()
  })

  it('rejects what waits, and the next call starts anew with the same model', async () => {
    bundle = await bundleThread(faulty(fault))
    engine = createThreadedEngine(bundle.entryFile)
    await loadGolden(engine, golden)
    const before = await generate(engine, { promptIds: [14, 2, 3], generate: 3, layers: [1] })

    const dying = generate(engine, { promptIds: [13, 2, 3], generate: 200 })
    const queued = generate(engine, { promptIds: [14] })
    const reasons = (await Promise.allSettled([dying, queued])).map((settled) => (settled.status === 'rejected' ? (settled.reason as Error) : null))
    for (const reason of reasons) {
      expect(reason).not.toBeNull()
      expect(reason!.message).toMatch(message)
    }

    const [after, beside] = await Promise.all([generate(engine, { promptIds: [14, 2, 3], generate: 3, layers: [1] }), generate(engine, { promptIds: [13, 2] })])
    expect(after.tokens).toEqual(before.tokens)
    expect(beside.tokens).toHaveLength(2)
  })
})

describe('an engine thread that cannot start', () => {
  it('rejects with the reason', async () => {
    const engine = createThreadedEngine('/nowhere/engine.js')
    await expect(loadGolden(engine, golden)).rejects.toThrow(/the engine thread stopped .*nowhere/)
    await engine.dispose()
  })

  it('is refused after dispose', async () => {
    const bundle = await bundleThread("import './server/engine/thread'")
    const engine = createThreadedEngine(bundle.entryFile)
    await loadGolden(engine, golden)
    const waiting = generate(engine, { promptIds: [1, 2], generate: 200 })
    const settled = waiting.catch((error: unknown) => error)
    await engine.dispose()
    expect(await settled).toBeInstanceOf(Error)
    await expect(generate(engine, { promptIds: [1] })).rejects.toThrow('disposed of')
    bundle.remove()
  })
})

describe('a model that is gone when the thread starts again', () => {
  it('says so and works once another is loaded', async () => {
    const bundle = await bundleThread(faulty('process.exit(7)'))
    const engine = createThreadedEngine(bundle.entryFile)
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
