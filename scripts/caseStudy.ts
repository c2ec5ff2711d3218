// Measures whether suppressing the features that the tool itself ranks first mends the demo model's faults. After `npm run build`:
//   npx esbuild scripts/caseStudy.ts --bundle --platform=node --format=cjs --external:onnxruntime-node --outfile=dist/caseStudy.js && node dist/caseStudy.js
//
// Prompts are split once by a hash of their ids. On the discovery part the faults of the unedited model are collected and, per kind of
// fault, features ranked once by proposeSuppressions. On the held-out part every arm runs with the same prompts and seeds: unedited,
// with the first 8 and 32 of that ranking suppressed (`= 0`), with the first 8 turned round (`*= -3`), and each time with as many random
// living features of the same layers instead.
// Prints a markdown table with 95 % bootstrap intervals over the prompts; --out also writes it as JSON.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { openModel, type OpenModel } from '../server/cli/openModel'
import { createTerminal } from '../server/cli/terminal'
import { proposeSuppressions, type FaultyRun } from '../server/features/proposeSuppressions'
import { renderEdit, renderFeature } from '../server/formats/editLine'
import { featuresOn } from '../server/protocol/featureColumns'
import type { SuppressionProposal } from '../server/protocol/requests'
import type { RunRecord } from '../server/protocol/runRecord'
import { mostActive, type Edit, type EditOperation, type FeatureId } from '../server/protocol/values'
import { detectFaults, type Fault } from '../server/runs/detectors'
import { prepareText } from '../server/runs/preparePrompt'
import { createRunRecorder } from '../server/runs/runDetail'
import { buildGenerateRequest } from '../server/runs/runSettings'

const { values: options } = parseArgs({
  options: {
    prompts: { type: 'string', default: 'demo/case-study/prompts.jsonl' },
    out: { type: 'string' },
    discovery: { type: 'string', default: '60' },
    'held-out': { type: 'string', default: '1000' },
    features: { type: 'string', default: '8,32' },
    candidates: { type: 'string', default: '128' },
    temperature: { type: 'string', default: '0.7' },
    generate: { type: 'string', default: '48' },
    'random-draws': { type: 'string', default: '2' },
  },
})
const DISCOVERY_PROMPTS = Number(options.discovery)
const HELD_OUT_PROMPTS = Number(options['held-out'])
const FEATURE_COUNTS = options.features.split(',').map(Number)
const TURNED_ROUND = 8
const DOSES: readonly { readonly count: number; readonly operation: EditOperation }[] = [
  ...FEATURE_COUNTS.map((count) => ({ count, operation: { kind: 'set', value: 0 } as const })),
  { count: TURNED_ROUND, operation: { kind: 'scale', value: -3 } },
]
const CANDIDATES = Number(options.candidates)
const RANDOM_DRAWS = Number(options['random-draws'])
/** Seeds tried per discovery prompt, until this many faults of each kind are found. */
const DISCOVERY_SEEDS = 4
const DISCOVERY_FAULTS = 48
const BOOTSTRAP_SAMPLES = 2000
const KINDS = ['languageSwitch', 'loop'] as const

interface CasePrompt {
  readonly id: string
  readonly text: string
  readonly kind: string
  /** The user's message of a chat; otherwise the text goes in raw. */
  readonly chat?: boolean
}

/** What came of one prompt: 0 or 1 for each fault, between them where several draws are pooled. */
interface Outcome {
  readonly languageSwitch: number
  readonly loop: number
  readonly changed: number
  /** Of the prompt's own tokens, nats: what the edits do to the model's reading of ordinary text. */
  readonly promptLoss: number
  readonly completion: string
}

interface Arm {
  readonly name: string
  /** Of each draw. */
  readonly edits: readonly (readonly Edit[])[]
  readonly outcomes: readonly Outcome[]
}

const terminal = createTerminal()
const context = { terminal, signal: new AbortController().signal }

async function main(): Promise<void> {
  const started = Date.now()
  const prompts = readPrompts(options.prompts)
  const discovery = prompts.slice(0, DISCOVERY_PROMPTS)
  const heldOut = prompts.slice(DISCOVERY_PROMPTS, DISCOVERY_PROMPTS + HELD_OUT_PROMPTS)
  const open = await openModel({ model: null, sae: null, precision: 'exact', providers: ['cpu'] }, 'text', context)
  try {
    const found = await discover(open, discovery)
    const baseline = await measure(open, 'unedited', heldOut, [], null)
    const arms: Arm[] = [baseline]
    for (const kind of KINDS) {
      const ranking = found.proposals[kind].map(({ feature }) => feature)
      for (const { count, operation } of DOSES) {
        const chosen = ranking.slice(0, count)
        if (chosen.length < count) continue
        const words = `${count} for ${kind}, ${operation.kind === 'set' ? '=' : '*='} ${operation.value}`
        arms.push(await measure(open, `proposed ${words}`, heldOut, chosen.map((feature) => toEdit(feature, operation)), baseline))
        const draws: Arm[] = []
        for (let draw = 0; draw < RANDOM_DRAWS; draw++) {
          const random = drawRandom(chosen, found.living, `${kind} ${draw}`).map((feature) => toEdit(feature, operation))
          draws.push(await measure(open, `random ${words}, draw ${draw + 1}`, heldOut, random, baseline))
        }
        arms.push(pool(`random ${words}, ${RANDOM_DRAWS} draws`, draws))
      }
    }
    report(arms, found, heldOut.length, (Date.now() - started) / 1000)
  } finally {
    await open.engine.dispose()
  }
}

function readPrompts(file: string): CasePrompt[] {
  const hash = (id: string): string => createHash('sha256').update(id).digest('hex')
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as CasePrompt)
    .sort((a, b) => (hash(a.id) < hash(b.id) ? -1 : 1))
}

interface Discovery {
  readonly proposals: Record<(typeof KINDS)[number], readonly SuppressionProposal[]>
  readonly faults: Record<(typeof KINDS)[number], number>
  /** Features that fired, by layer. */
  readonly living: ReadonlyMap<number, readonly number[]>
}

async function discover(open: OpenModel, prompts: readonly CasePrompt[]): Promise<Discovery> {
  const faulty: Record<(typeof KINDS)[number], FaultyRun[]> = { languageSwitch: [], loop: [] }
  const living = new Map<number, Set<number>>()
  for (let round = 0; round < DISCOVERY_SEEDS && KINDS.some((kind) => faulty[kind].length < DISCOVERY_FAULTS); round++) {
    for (const [index, prompt] of prompts.entries()) {
      terminal.progress(`discovery: round ${round + 1}, prompt ${index + 1} of ${prompts.length}`)
      const run = await complete(open, prompt, seedOf(prompt, `discovery ${round}`), [], open.model.saeLayers)
      noteLiving(run, living)
      for (const fault of detectFaults(run)) if (faulty[fault.kind].length < DISCOVERY_FAULTS) faulty[fault.kind].push({ run, fault })
    }
  }
  const propose = async (kind: Fault['kind']): Promise<SuppressionProposal[]> => {
    if (faulty[kind].length === 0) return []
    const onProgress = (fraction: number): void => terminal.progress(`${kind}: trying candidates ${Math.round(fraction * 100)} %`)
    const { engine, labels, tokenizer, model } = open
    return proposeSuppressions({ faulty: faulty[kind], edits: [], count: Math.max(...FEATURE_COUNTS), candidates: CANDIDATES, k: mostActive(model.sae), labels, engine, tokenText: (id: number) => tokenizer.display(id), onProgress, signal: context.signal })
  }
  return {
    proposals: { languageSwitch: await propose('languageSwitch'), loop: await propose('loop') },
    faults: { languageSwitch: faulty.languageSwitch.length, loop: faulty.loop.length },
    living: new Map([...living].map(([layer, features]) => [layer, [...features].sort((a, b) => a - b)])),
  }
}

function noteLiving(run: RunRecord, living: Map<number, Set<number>>): void {
  for (const layer of run.layers) {
    const features = living.get(layer) ?? new Set<number>()
    living.set(layer, features)
    for (const token of run.tokens) if (!token.outlier) for (const { feature } of featuresOn(run.features[layer], token.index)) features.add(feature)
  }
}

/** As many living features as are given, each of the same layer as one of them, none of them itself. */
function drawRandom(chosen: readonly FeatureId[], living: Discovery['living'], seed: string): FeatureId[] {
  const taken = new Set(chosen.map(({ layer, feature }) => `${layer}/${feature}`))
  return chosen.map(({ layer }, index) => {
    const pool = living.get(layer)!.filter((feature) => !taken.has(`${layer}/${feature}`))
    const feature = pool[hashNumber(`${seed} ${index}`) % pool.length]!
    taken.add(`${layer}/${feature}`)
    return { layer, feature }
  })
}

async function measure(open: OpenModel, name: string, prompts: readonly CasePrompt[], edits: readonly Edit[], baseline: Arm | null): Promise<Arm> {
  const outcomes: Outcome[] = []
  for (const [index, prompt] of prompts.entries()) {
    terminal.progress(`${name}: prompt ${index + 1} of ${prompts.length}`)
    const run = await complete(open, prompt, seedOf(prompt, 'held out'), edits, [])
    const kinds = detectFaults(run).map((fault) => fault.kind)
    const completion = run.text.slice(run.generatedStart)
    const logprobs = run.tokens.filter((token) => !token.generated && token.logprob !== null).map((token) => token.logprob!)
    outcomes.push({ languageSwitch: Number(kinds.includes('languageSwitch')), loop: Number(kinds.includes('loop')), changed: Number(completion !== (baseline?.outcomes[index]!.completion ?? completion)), promptLoss: -mean(logprobs), completion })
  }
  terminal.progress('')
  return { name, edits: [edits], outcomes }
}

/** Several draws as one arm: each prompt's outcomes averaged, so that the prompts stay what is resampled. */
function pool(name: string, draws: readonly Arm[]): Arm {
  const average = (index: number, value: (outcome: Outcome) => number): number => mean(draws.map((draw) => value(draw.outcomes[index]!)))
  const outcomes = draws[0]!.outcomes.map((outcome, index) => ({
    languageSwitch: average(index, (each) => each.languageSwitch), loop: average(index, (each) => each.loop),
    changed: average(index, (each) => each.changed), promptLoss: average(index, (each) => each.promptLoss), completion: outcome.completion,
  }))
  return { name, edits: draws.flatMap((draw) => draw.edits), outcomes }
}

async function complete(open: OpenModel, prompt: CasePrompt, seed: number, edits: readonly Edit[], layers: readonly number[]): Promise<RunRecord> {
  const prepared = prepareText(prompt.text, open, prompt.chat ? 'chat' : 'raw')
  const sampling = { temperature: Number(options.temperature), topP: 1, topK: 0, seed }
  const settings = { generate: Number(options.generate), sampling, layers, edits, stopIds: [] }
  const request = { ...buildGenerateRequest(settings, prepared.ids, open.model, { top: layers.length > 0 ? mostActive(open.model.sae) : 0, alternatives: 0, capture: null }), layers }
  const header = { id: prompt.id, name: prompt.id, promptUri: null, createdAt: '', model: open.model.identity, sae: open.model.sae, ...settings, saeLayers: open.model.saeLayers, parentRunId: null, loadMs: 0 }
  const recorder = createRunRecorder(header, prepared, open.tokenizer)
  const result = await open.engine.generate(request, (event) => {
    if (event.kind === 'tokens') recorder.add(event.tokens)
    if (event.kind === 'predictions') recorder.addPredictions(event.first, event.predictions)
  }, context.signal)
  recorder.end({ kind: 'done', reason: result.reason }, result)
  return recorder.detail()
}

function report(arms: readonly Arm[], found: Discovery, prompts: number, seconds: number): void {
  const baseline = arms[0]!
  const rows = arms.map((arm) => ({
    arm: arm.name,
    edits: arm.edits.map((edits) => edits.map(renderEdit)),
    languageSwitch: interval(arm, (outcome) => outcome.languageSwitch),
    languageSwitchChange: difference(baseline, arm, (outcome) => outcome.languageSwitch),
    loop: interval(arm, (outcome) => outcome.loop),
    loopChange: difference(baseline, arm, (outcome) => outcome.loop),
    changed: mean(arm.outcomes.map((outcome) => outcome.changed)),
    promptLoss: mean(arm.outcomes.map((outcome) => outcome.promptLoss)),
  }))
  const percent = ({ mean: value, low, high }: Interval): string => `${(100 * value).toFixed(1)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`
  const table = [
    '| suppressed | language switch, % | change | loop, % | change | completions changed, % | prompt loss, nats/token |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row.arm} | ${percent(row.languageSwitch)} | ${percent(row.languageSwitchChange)} | ${percent(row.loop)} | ${percent(row.loopChange)} | ${(100 * row.changed).toFixed(0)} | ${row.promptLoss.toFixed(3)} |`),
  ]
  const document = {
    prompts, discoveryPrompts: DISCOVERY_PROMPTS, discoveryFaults: found.faults, temperature: Number(options.temperature), generate: Number(options.generate), seconds: Math.round(seconds),
    ranking: Object.fromEntries(KINDS.map((kind) => [kind, found.proposals[kind].map(({ feature, score, meanOn, meanOff, faultDrop, sideEffect, description }) => ({ feature: renderFeature(feature), label: description.label, score, meanOn, meanOff, faultDrop, sideEffect }))])),
    arms: rows,
  }
  terminal.out(`${table.join('\n')}\n\n${prompts} held-out prompts, in brackets 95 % bootstrap intervals. Faults seen in discovery: ${found.faults.languageSwitch} language switches, ${found.faults.loop} loops. ${Math.round(seconds)} s.\n`)
  if (options.out) writeFileSync(options.out, `${JSON.stringify(document, null, 1)}\n`)
}

interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

function interval(arm: Arm, value: (outcome: Outcome) => number): Interval {
  return bootstrap(arm.outcomes.map(value))
}

/** Of the paired differences, since every arm has the same prompts and seeds. */
function difference(baseline: Arm, arm: Arm, value: (outcome: Outcome) => number): Interval {
  return bootstrap(arm.outcomes.map((outcome, index) => value(outcome) - value(baseline.outcomes[index]!)))
}

function bootstrap(values: readonly number[]): Interval {
  const means = Array.from({ length: BOOTSTRAP_SAMPLES }, (_, sample) => {
    const random = generator(hashNumber(`bootstrap ${sample}`))
    let sum = 0
    for (let count = 0; count < values.length; count++) sum += values[Math.floor(random() * values.length)]!
    return sum / values.length
  }).sort((a, b) => a - b)
  return { mean: mean(values), low: means[Math.floor(BOOTSTRAP_SAMPLES * 0.025)]!, high: means[Math.ceil(BOOTSTRAP_SAMPLES * 0.975) - 1]! }
}

/** Uniform numbers in [0, 1): mulberry32, public domain. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function seedOf(prompt: CasePrompt, part: string): number {
  return hashNumber(`${part} ${prompt.id}`)
}

function hashNumber(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE(0)
}

function toEdit(feature: FeatureId, operation: EditOperation): Edit {
  return { feature, operation, positions: { kind: 'all' } }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

main().catch((error: unknown) => {
  terminal.fail(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exitCode = 1
})
