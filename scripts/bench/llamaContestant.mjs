// Runs llama.cpp through node-llama-cpp and says how long it took; answers the lines of contestant.ts. Its only argument is the folder where the package is installed.
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [folder = '.'] = process.argv.slice(2)
const { getLlama } = await import(pathToFileURL(join(folder, 'node_modules/node-llama-cpp/dist/index.js')).href)
const GREEDY = { temperature: 0 }

let loaded = null

const jobs = {
  /** Milliseconds that loading took. */
  async open({ model: modelPath, threads, contextSize }) {
    await jobs.close()
    const started = performance.now()
    // No graphics processor, and nothing is compiled: the prebuilt library for this processor.
    const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads })
    const model = await llama.loadModel({ modelPath, gpuLayers: 0 })
    const context = await model.createContext({ contextSize, threads: { ideal: threads, min: threads } })
    loaded = { model, context, sequence: context.getSequence() }
    return performance.now() - started
  },
  /** Milliseconds to read a prompt of which nothing is known, without choosing a token. */
  async prompt({ ids }) {
    const { sequence } = loaded
    await sequence.clearHistory()
    const started = performance.now()
    await sequence.evaluateWithoutGeneratingNewTokens(ids)
    return performance.now() - started
  },
  /** Milliseconds of each step after a prompt that was read before: what lies behind its `length` tokens is forgotten. */
  async decode({ length, id, steps }) {
    const { sequence } = loaded
    if (sequence.nextTokenIndex > length) await sequence.eraseContextTokenRanges([{ start: length, end: sequence.nextTokenIndex }])
    const times = []
    const tokens = sequence.evaluate([id], GREEDY)
    for (let before = performance.now(); times.length < steps; ) {
      await tokens.next()
      const now = performance.now()
      times.push(now - before)
      before = now
    }
    await tokens.return()
    return times
  },
  /** Most bytes that this process has held. */
  memory: async () => process.resourceUsage().maxRSS * 1024,
  async close() {
    await loaded?.context.dispose()
    await loaded?.model.dispose()
    loaded = null
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { job, ...given } = JSON.parse(line)
  try {
    console.log(JSON.stringify({ result: (await jobs[job](given)) ?? null }))
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }))
  }
}
process.exit(0)
