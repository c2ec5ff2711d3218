// Measures how fast the demo model reads and writes: plain, with every layer's features, and with an edit. `npm run bench` bundles and runs it.
import { resolve } from 'node:path'
import type { GenerateRequest, GenerateResult, TokenReport } from '../../server/engine/engine'
import { createEngineProcess } from '../../server/engine/process/engineProcess'
import { GREEDY, type Edit } from '../../server/protocol/values'

const PROMPT_TOKENS = 128
const GENERATE = 128
const REPEATS = 5

/** Prints a line per way of running: the median of several runs, each of another prompt so that nothing comes from the cache. */
async function main(root: string): Promise<void> {
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
  const engine = createEngineProcess(resolve(root, 'dist/engine.js'))
  const { signal } = new AbortController()
  const model = await engine.load({ modelPath: resolve(root, 'demo/model'), saePath: resolve(root, 'demo/sae'), precision: 'exact', providers: ['cpu'], threads: null }, () => undefined, signal)
  console.log(`demo model: ${(model.parameters / 1e6).toFixed(1)} M parameters, ${model.identity.layers} layers, loaded in ${model.loadMs.toFixed(0)} ms; prompts of ${PROMPT_TOKENS} tokens, ${GENERATE} generated, median of ${REPEATS}`)

  let firstId = 1000
  const run = async (layers: readonly number[], edits: readonly Edit[]): Promise<GenerateResult & { readonly reports: readonly TokenReport[] }> => {
    const promptIds = Array.from({ length: PROMPT_TOKENS }, (_, index) => (firstId + index * 7) % model.vocabSize)
    firstId += 13
    const reports: TokenReport[] = []
    const request: GenerateRequest = { promptIds, generate: GENERATE, sampling: GREEDY, stopIds: [], edits, layers, top: model.sae?.k ?? 0, alternatives: 5, promptPredictions: false, capture: null }
    const result = await engine.generate(request, (event) => event.kind === 'tokens' && reports.push(...event.tokens), signal)
    return { ...result, reports }
  }
  const all = model.saeLayers
  const middle = all[all.length >> 1] ?? 0
  const warmUp = await run(all, [])
  const strongest = warmUp.reports.at(-1)?.features[middle]?.[0]?.feature ?? 0
  const suppress: Edit = { feature: { layer: middle, feature: strongest }, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } }

  const ways: readonly (readonly [name: string, layers: readonly number[], edits: readonly Edit[]])[] = [
    ['plain', [], []],
    ['features of every layer', all, []],
    ['features and one edit', all, [suppress]],
  ]
  for (const [name, layers, edits] of ways) {
    const results: GenerateResult[] = []
    for (let i = 0; i < REPEATS; i++) results.push(await run(layers, edits))
    const decode = median(results.map(({ decodeMsPerToken }) => decodeMsPerToken))
    const prefill = median(results.map(({ prefillMs }) => prefillMs))
    console.log(`  ${name.padEnd(24)} ${(1000 / decode).toFixed(0).padStart(5)} tokens/s   prompt in ${prefill.toFixed(0)} ms`)
  }
  await engine.dispose()
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN
}

void main(process.cwd())
