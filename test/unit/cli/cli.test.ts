// The command line as it ships, from outside: what it prints where, and what it exits with. The contract of docs and other programs.
import { appendFileSync, cpSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesSource } from '../../../server/formats/byteSource'
import { readSafetensors } from '../../../server/formats/safetensors'
import type { ModelListing } from '../../../server/protocol/requests'
import type { Trace } from '../../../server/protocol/values'
import { writeStoredZip } from './storedZip'
import { installCli, makeModel, type InstalledCli } from './installedCli'

let cli: InstalledCli
let model: string
let sae: string
beforeAll(async () => {
  cli = await installCli()
  ;({ model, sae } = makeModel(join(cli.scratch, 'demo')))
})
afterAll(() => cli.remove())

const scratch = (name: string): string => join(cli.scratch, name)
const trace = (...args: string[]) => cli.run(['trace', ...args])
async function traceJson(...args: string[]): Promise<Trace> {
  const { code, stdout, stderr } = await trace('--json', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Trace
}

describe('trace --json', () => {
  it('is the document of the contract', async () => {
    const found = await traceJson('--text', 'Hi', '--generate', '3', '--top', '2', '--layers', '0,2')
    expect(found.model).toEqual({ path: model, architecture: 'qwen3', layers: 3, dModel: 32, precision: 'exact', provider: 'cpu' })
    expect(found.sae).toEqual({ path: sae, dSae: 128, k: 8 })
    expect(found.tokens.map(({ index, generated }) => [index, generated])).toEqual([[0, false], [1, false], [2, true], [3, true], [4, true]])
    expect(found.tokens.slice(0, 2).map(({ id, text }) => [id, text])).toEqual([[72, 'H'], [105, 'i']])
    expect(found.tokens[0]!.logprob).toBeNull()
    for (const token of found.tokens.slice(1)) {
      expect(token.logprob).toBeLessThan(0)
      expect(token.alternatives[0]!.logprob).toBeGreaterThanOrEqual(token.logprob!)
    }
    expect(Object.keys(found.features)).toEqual(['0', '2'])
    for (const layer of Object.values(found.features)) {
      expect(layer.map((entries) => entries.length)).toEqual([2, 2, 2, 2, 2])
      for (const [first, second] of layer) expect(first!.activation).toBeGreaterThanOrEqual(second!.activation)
    }
    expect(found.edits).toEqual([])
    expect(Object.keys(found.timing)).toEqual(['loadMs', 'prefillMs', 'decodeMsPerToken'])
  })

  it('tells what the SAEs leave unexplained when asked', async () => {
    const { reconstruction } = (await traceJson('--text', 'Hi', '--generate', '1', '--layers', '1', '--reconstruction')) as Trace & { reconstruction: Record<string, number[]> }
    expect(Object.keys(reconstruction)).toEqual(['1'])
    expect(reconstruction['1']).toHaveLength(3)
    for (const error of reconstruction['1']!) expect(error).toBeGreaterThan(0)
  })

  it('has no features without an SAE set', async () => {
    cpSync(model, scratch('alone/model'), { recursive: true })
    const { code, stdout, stderr } = await trace('--json', '--token-ids', '1,2', '--model', scratch('alone/model'))
    expect(code).toBe(0)
    expect(stderr).toBe(`promptscope: no SAE set for ${scratch('alone/model')} was found beside it or in a cache, so there are no features; name one with --sae\n`)
    expect(JSON.parse(stdout)).toMatchObject({ sae: null, features: {} })
  })

  it('names tokens by their ids when the model has no tokenizer', async () => {
    const folders = makeModel(scratch('wordless'))
    rmSync(join(folders.model, 'tokenizer.json'))
    const { code, stdout } = await trace('--json', '--token-ids', '1,2', '--model', folders.model)
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as Trace).tokens.map(({ id, text }) => [id, text])).toEqual([[1, '⟨1⟩'], [2, '⟨2⟩']])
    expect(await trace('--text', 'Hi', '--model', folders.model)).toMatchObject({ code: 1, stderr: `promptscope: ${join(folders.model, 'tokenizer.json')} is missing; choose a folder that holds a Hugging Face checkpoint with its tokenizer\n` })
  })

  it('runs on the processor where a provider is not there, and says why and what to do', async () => {
    const [name, words] = process.platform === 'win32' ? ['CoreML', 'coreml is not used: Core ML exists on macOS only; use'] : ['DirectML', 'dml is not used: DirectML exists on Windows only; use']
    const { code, stdout, stderr } = await trace('--text', 'Hi', '--json', '--providers', name)
    expect(stderr).toContain(`promptscope: ${words}`)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ model: { provider: 'cpu' } })
  })

  it('takes model and SAE set from the front matter, beside the prompt file', async () => {
    makeModel(scratch('own'))
    writeFileSync(scratch('own/here.prompt'), '---\npromptscope:\n  model: model\n  sae: sae\n---\nHi\n')
    expect((await traceJson('own/here.prompt')).model.path).toBe(scratch('own/model'))
    writeFileSync(scratch('service.prompt'), '---\nmodel: vendor/large\n---\nHi\n')
    const { stderr, stdout } = await trace('--json', 'service.prompt')
    expect((JSON.parse(stdout) as Trace).model.path).toBe(model)
    expect(stderr).toBe('promptscope: front matter model "vendor/large" is no folder here, so the demo model is used; name one with --model\n')
  })

  it('repeats itself with the same seed', async () => {
    const ids = async (seed: string) => (await traceJson('--text', 'Hi', '--generate', '8', '--temperature', '1', '--seed', seed)).tokens.map(({ id }) => id)
    const [first, again, other] = [await ids('1'), await ids('1'), await ids('2')]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  it('applies edits from both places and says where they fired', async () => {
    const top = (await traceJson('--text', 'Hi')).features[1]![1]![0]!.feature
    writeFileSync(scratch('one.steer'), `# two edits\nL1/${top} = 0\nL0/3 += 5 @ last\n`)
    const found = await traceJson('--text', 'Hi', '--steer', 'one.steer', '--edit', 'L2/127 *= 2 @ 0')
    expect(found.edits.map(({ edit }) => edit)).toEqual([`L1/${top} = 0`, 'L0/3 += 5 @ last', 'L2/127 *= 2 @ 0'])
    expect(found.edits[0]!.firedAt).toContain(1)
    expect(found.edits[1]!.firedAt).toEqual([1])
    expect(found.featuresAfterEdit[1]![1]!.find(({ feature, activation }) => feature === top && activation === found.features[1]![1]![0]!.activation)).toBeUndefined()
  })

  it('dumps logits and residuals as float32', async () => {
    const found = await traceJson('--text', 'Hi', '--generate', '2', '--layers', '1', '--dump', 'dump.safetensors')
    const source = bytesSource('dump', readFileSync(scratch('dump.safetensors')))
    const { tensors } = await readSafetensors(source)
    expect([...tensors.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual([{ name: 'logits', dtype: 'F32', shape: [4, 300] }, { name: 'resid_post.1', dtype: 'F32', shape: [4, 32] }])
    const { offset, length } = tensors.get('logits')!
    const logits = new Float32Array(Uint8Array.from(await source.read(offset, length)).buffer)
    // Each row's softmax is what the trace says about the token after it.
    for (const { index, id, logprob } of found.tokens.slice(1)) {
      const row = logits.subarray((index - 1) * 300, index * 300)
      expect(row[id]! - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0))).toBeCloseTo(logprob!, 4)
    }
  })

  it('renders a file with roles through the chat template, and not with --raw', async () => {
    writeFileSync(scratch('chat.prompt'), '---\nconfig:\n  maxOutputTokens: 2\n---\n{{role "user"}}\nHi\n')
    const text = (found: Trace): string => found.tokens.filter((token) => !token.generated).map((token) => token.text).join('')
    const chat = await traceJson('chat.prompt')
    expect(text(chat)).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n')
    expect(chat.tokens.filter((token) => token.generated).length).toBeGreaterThan(0)
    expect(text(await traceJson('chat.prompt', '--raw'))).toBe('Hi')
    expect(text(await traceJson('--text', 'Hi', '--chat'))).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n')
  })

  it('reads stdin', async () => {
    const { stdout } = await cli.run(['trace', '-', '--json'], { input: 'Hi\n' })
    expect((JSON.parse(stdout) as Trace).tokens.map((token) => token.text)).toEqual(['H', 'i'])
    expect((await cli.run(['trace', '-'], { input: 'x'.repeat(17e6) })).stderr).toBe('promptscope: prompt on stdin has more than the 16 MB that a prompt may have; shorten it\n')
  })

  it('does not take a byte order mark for text', async () => {
    writeFileSync(scratch('marked.txt'), '\ufeffHi\n')
    expect((await traceJson('marked.txt')).tokens.map((token) => token.text)).toEqual(['H', 'i'])
  })
})

describe('trace for people', () => {
  it('shows tokens with features, edits, and the completion before and after', async () => {
    const { code, stdout, stderr } = await trace('--text', 'Hi', '--generate', '4', '--edit', 'L0/3 += 500', '--edit', 'L1/5 = 0 @ 99')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/qwen3, 3 layers, d_model 32, precision exact, on cpu/)
    expect(stdout).toMatch(/prompt text, 2 tokens; 4 tokens generated, greedy/)
    expect(stdout).toMatch(/^ {3}1 {2}i .*\d+%.*L0\/(\d+) █+.* label \1\b/m)
    expect(stdout).toMatch(/L0\/3 \+= 500 +fired on 6 tokens: 0-5/)
    expect(stdout).toMatch(/L1\/5 = 0 @ 99 +never fired/)
    expect(stdout).toMatch(/Before\n.*»[\s\S]*After\n.*»[\s\S]*first difference at token 2: ".*" \( *\d+%\) became ".*"/)
  })

  it('says what to do when nothing was to be generated', async () => {
    expect((await trace('--text', 'Hi')).stderr).toBe('promptscope: the prompt was read and nothing generated; add --generate 48 for a completion\n')
  })
})

describe('bad input ends in one line and exit code 1', () => {
  const damaged = (name: string, damage: (folders: { model: string; sae: string }) => void): string[] => {
    const folders = makeModel(scratch(name))
    damage(folders)
    return ['--token-ids', '1,2', '--model', folders.model, '--sae', folders.sae]
  }
  const hostile = (path: string): void => {
    const pickle = `cposix\nsystem\n(S'touch ${scratch('executed')}'\ntR.`
    writeFileSync(path, writeStoredZip({ 'layer0.sae/data.pkl': Buffer.from(pickle), 'layer0.sae/byteorder': Buffer.from('little'), 'layer0.sae/version': Buffer.from('3\n') }))
  }
  const cases: [string, () => string[], RegExp][] = [
    ['truncated safetensors', () => damaged('truncated', ({ model }) => truncateSync(join(model, 'model.safetensors'), 5000)), /^promptscope: .*model\.safetensors /],
    ['lying safetensors', () => damaged('lying', ({ model }) => writeFileSync(join(model, 'model.safetensors'), Buffer.alloc(64, 0xff))), /^promptscope: .*model\.safetensors /],
    ['pickle that calls os.system', () => damaged('hostile', ({ sae }) => hostile(join(sae, 'layer0.sae.pt'))), /^promptscope: .*layer0\.sae\.pt .*posix/],
    ['missing shard', () => damaged('shard', ({ model }) => {
      renameSync(join(model, 'model.safetensors'), join(model, 'model-00001-of-00002.safetensors'))
      const names = JSON.parse(readFileSync(join(model, 'model-00001-of-00002.safetensors')).subarray(8).toString('latin1').split('\0')[0]!.replace(/\}[^}]*$/, '}')) as object
      writeFileSync(join(model, 'model.safetensors.index.json'), JSON.stringify({ weight_map: Object.fromEntries(Object.keys(names).map((name, index) => [name, `model-0000${(index % 2) + 1}-of-00002.safetensors`])) }))
    }), /^promptscope: .*model-0000.-of-00002\.safetensors /],
    ['unknown architecture', () => damaged('gpt2', ({ model }) => writeFileSync(join(model, 'config.json'), '{"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"}')), /^promptscope: .*config\.json .*GPT2LMHeadModel/],
    ['config that is not JSON', () => damaged('config', ({ model }) => appendFileSync(join(model, 'config.json'), '}')), /^promptscope: .*config\.json /],
    ['missing model folder', () => ['--text', 'Hi', '--model', scratch('nowhere')], /^promptscope: model folder .*nowhere /],
    ['missing SAE folder', () => ['--text', 'Hi', '--sae', scratch('nowhere')], /^promptscope: SAE folder .*nowhere /],
    ['token id out of range', () => ['--token-ids', '1,300'], /^promptscope: token id 300 /],
    ['negative token id', () => ['--token-ids', '-1'], /^promptscope: token id -1 /],
    ['edit out of range', () => ['--text', 'Hi', '--edit', 'L0/128 = 0'], /^promptscope: edit .*L0\/128 /],
    ['edit of a missing layer', () => ['--text', 'Hi', '--edit', 'L3/1 = 0'], /^promptscope: edit .*L3\/1 /],
    ['edit line', () => ['--text', 'Hi', '--edit', 'L0/1 is 0'], /^promptscope: edit "L0\/1 is 0" /],
    ['steer file line', () => {
      writeFileSync(scratch('bad.steer'), 'L0/1 = 0\n\nL0/2 -= 1\n')
      return ['--text', 'Hi', '--steer', 'bad.steer']
    }, /^promptscope: bad\.steer:3 edit "L0\/2 -= 1" /],
    ['unknown execution provider', () => ['--text', 'Hi', '--providers', 'cpu,gpu'], /^promptscope: execution provider "gpu" does not exist; choose among cpu, cuda, /],
    ['layer out of range', () => ['--text', 'Hi', '--layers', '3'], /^promptscope: layer 3 /],
    ['empty text', () => ['--text', ''], /^promptscope: prompt is empty/],
    ['no token ids', () => ['--token-ids', ''], /^promptscope: prompt has no token ids/],
    ['empty prompt file', () => {
      writeFileSync(scratch('empty.prompt'), '---\nconfig:\n  temperature: 0\n---\n')
      return ['empty.prompt']
    }, /^promptscope: empty\.prompt:\d+ prompt is empty/],
    ['broken front matter', () => {
      writeFileSync(scratch('broken.prompt'), '---\nconfig: [\n---\nHi\n')
      return ['broken.prompt']
    }, /^promptscope: broken\.prompt:\d+ /],
    ['missing prompt file', () => ['nowhere.prompt'], /^promptscope: prompt file nowhere\.prompt does not exist; /],
    ['prompt longer than the context', () => ['--text', 'x'.repeat(257)], /^promptscope: prompt .*257 .*256/],
    ['prompt file of 200 MB', () => {
      writeFileSync(scratch('huge.txt'), '')
      truncateSync(scratch('huge.txt'), 200e6)
      return ['huge.txt']
    }, /^promptscope: prompt file huge\.txt has 200 MB, more than the 16 MB that a prompt may have; shorten it$/m],
    ['prompt file that no context holds', () => {
      writeFileSync(scratch('long.txt'), 'x'.repeat(15e6))
      return ['long.txt']
    }, /^promptscope: prompt has at least \d{7} tokens and the model's context holds 256; shorten the prompt$/m],
    ['prompt file in Latin-1', () => {
      writeFileSync(scratch('latin1.txt'), Buffer.from('café au lait', 'latin1'))
      return ['latin1.txt']
    }, /^promptscope: prompt file latin1\.txt is not UTF-8 \(byte 3 is e9\); save it as UTF-8$/m],
    ['steer file in UTF-16', () => {
      writeFileSync(scratch('wide.steer'), Buffer.from('\ufeffL0/1 = 0', 'utf16le'))
      return ['--text', 'Hi', '--steer', 'wide.steer']
    }, /^promptscope: steer file wide\.steer is UTF-16; save it as UTF-8$/m],
    ['dump without a folder', () => ['--text', 'Hi', '--dump', 'nowhere/dump.safetensors'], /^promptscope: dump file nowhere\/dump\.safetensors /],
  ]
  it.each(cases)('%s', async (_name, makeArgs, expected) => {
    const { code, stdout, stderr } = await trace(...makeArgs(), '--json')
    expect(stderr).toMatch(expected)
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, stdout: '', lines: 1 })
    expect(existsSync(scratch('executed'))).toBe(false)
  })
})

describe('usage', () => {
  it.each([[['fly']], [['trace']], [['trace', '--text', 'a', '--modle', 'x']], [['trace', 'a', '--text', 'b']], [['trace', '--text', 'a', '--seed', 'x']], [['serve', '--lsp']], [['models', 'here']]])('%j is refused with the usage and exit code 2', async (args) => {
    const { code, stdout, stderr } = await cli.run(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^promptscope: .+\nUsage: promptscope /)
  })

  it('without a command shows the help, also with exit code 2', async () => {
    const { code, stdout, stderr } = await cli.run([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/Usage: promptscope <command>/)
  })

  it.each([[['--help'], /Usage: promptscope <command>/], [['trace', '--help'], /--edit LINE/], [['models', '--help'], /--folder DIR/], [['serve', '-h'], /--stdio/], [['suggest', '--help'], /--edit/]])('%j tells more', async (args, expected) => {
    const { code, stdout } = await cli.run(args)
    expect(code).toBe(0)
    expect(stdout).toMatch(expected)
  })

  it('ends a debug session to which nobody says anything', async () => {
    expect(await cli.run(['serve', '--dap', '--stdio'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

it('stops at Ctrl-C with exit code 130', async () => {
  expect(await cli.interruptWhileReading(['trace', '-', '--json'])).toEqual({ code: 130, stdout: '', stderr: 'promptscope: interrupted\n' })
})

it('serves the language server protocol over stdin and stdout', async () => {
  const { code, replies } = await cli.converse(['serve', '--lsp', '--stdio'], [
    { id: 1, method: 'initialize', params: { processId: null, rootUri: null, capabilities: {} } }, { method: 'initialized', params: {} }, { id: 2, method: 'shutdown' }, { method: 'exit' },
  ])
  expect(replies).toMatchObject([{ id: 1, result: { capabilities: { hoverProvider: true } } }, { id: 2, result: null }])
  expect(code).toBe(0)
})

it('lists models with their SAE sets', async () => {
  const { code, stdout } = await cli.run(['models', '--json'])
  expect(code).toBe(0)
  const listings = JSON.parse(stdout) as ModelListing[]
  expect(listings.find((listing) => listing.path === model)).toMatchObject({ architecture: 'qwen3', layers: 3, dModel: 32, fits: true, problem: null, saeSets: [{ path: sae, matches: true }] })
})

it('lists models in words: what they need, whether that fits, and how SAE sets belong to them', async () => {
  const { stdout } = await cli.run(['models'])
  const [block] = stdout.split('\n\n').filter((text) => text.includes(model))
  expect(block).toContain('the demo model')
  expect(block).toMatch(/qwen3, 3 layers, d_model 32, [\d.]+ M parameters/)
  expect(block).toMatch(/exact +\d+ MB +fits; (fits into the .* of|no NVIDIA GPU was found|needs .* can be used)/)
  expect(block).toMatch(/q8 +\d+ MB +fits; .*\d+ kB (to|on) disk/)
  expect(block).toContain(`Qwen-Scope, 3 layers  ${sae}`)
})

it('suggests nothing when nothing is wrong, and says so', async () => {
  const { code, stdout } = await cli.run(['suggest', '--text', 'Hi', '--generate', '2', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ fault: null, proposals: [] })
})
