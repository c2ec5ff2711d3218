// How long the editor waits for the extension: loading its bundle and activate(), in a new process without an editor around it.
import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'
import type { Setting } from './measure'
import { inTurn } from './median'
import { amount, msText, type Row } from './row'

const LIMIT_MS = { atMost: 100 }

interface Activation {
  readonly loadMs: number
  readonly activateMs: number
  readonly files: readonly string[]
}

export async function measureActivation({ contestants: { root }, options }: Setting): Promise<readonly Row[]> {
  const bundle = join(root, 'dist/extension.js')
  const activate = async (): Promise<Activation> => {
    const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/bench/activation.cjs'), bundle], { encoding: 'utf8' })
    const line = stdout.split('\n').find((text) => text.startsWith('{'))
    if (line === undefined) throw new Error(`the extension did not activate: ${stderr.trim().split('\n').at(-1) ?? ''}`)
    return JSON.parse(line) as Activation
  }
  await activate()
  const { activations } = await inTurn(options.repeats, { activations: activate })
  const times = activations.map(({ loadMs, activateMs }) => loadMs + activateMs)
  const files = activations[0]!.files.map((file) => basename(file))
  return [amount({ part: 'activation', what: `extension: load and activate (files loaded: ${files.join(', ')})`, values: times, text: msText, target: LIMIT_MS })]
}
