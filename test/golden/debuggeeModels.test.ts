// The debugger over models of other kinds: one whose state cannot be cut anywhere, one with experts, and small ones of their families.
import { expect, it } from 'vitest'
import { BARE_TOKENIZER } from '../../server/cli/bareTokenizer'
import { createEngineCore } from '../../server/engine/engineCore'
import { GREEDY } from '../../server/protocol/values'
import { prepareTokenIds } from '../../server/runs/preparePrompt'
import { changingFeatures, runDebugScripts } from './debugScripts'
import { unkeptProgram } from './demoProgram'
import { generate, loadGolden } from './engineHarness'
import { readGolden } from './goldenFiles'

const GENERATE = 12
const PROMPT_TOKENS = 20

it.each(['qwen35', 'qwen35-moe', 'qwen3-moe', 'mistral', 'tied'])('random scripts over %s give what uninterrupted runs give', async (name) => {
  const golden = await readGolden(name)
  const used = createEngineCore()
  const fresh = createEngineCore(0)
  try {
    // No token ends a run: their heads choose at random.
    const model = { ...(await loadGolden(used, golden)), stopIds: [] }
    await loadGolden(fresh, golden)
    const prompt = prepareTokenIds(golden.cases[0]!.ids.slice(0, PROMPT_TOKENS), BARE_TOKENIZER)
    const { tokens } = await generate(fresh, { promptIds: prompt.ids, generate: GENERATE, layers: model.saeLayers, top: 32 })
    const branches = await runDebugScripts({
      used, fresh, features: changingFeatures(tokens, model.saeLayers),
      program: (engine, sampling) => Promise.resolve(unkeptProgram({ engine, model, tokenizer: BARE_TOKENIZER, prompt, settings: { generate: GENERATE, sampling, edits: [], layers: model.saeLayers, stopIds: [] } })),
    }, name.length % 2 === 0 ? GREEDY : { temperature: 0.8, topP: 0.95, topK: 0, seed: 3 }, [1, 2, 3, 4])
    expect(branches).toBeGreaterThan(4)
  } finally {
    await Promise.all([used.dispose(), fresh.dispose()])
  }
})
