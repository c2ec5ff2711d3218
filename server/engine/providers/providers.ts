// The execution providers that can be asked for: their names, how else people spell them, and which of a list come when.
import { InputError } from '../../protocol/errors'

/** As ONNX Runtime calls them. `dml` is DirectML. */
export const PROVIDERS = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const
export type Provider = (typeof PROVIDERS)[number]

/** Why a provider is not used, and one thing to do about it; both begin in lower case and have no full stop. */
export interface Obstacle {
  readonly reason: string
  readonly remedy: string
}

/** The provider that is meant: in upper or lower case, `DirectML`, `Core ML`, and the class names that Python uses, such as `CUDAExecutionProvider`. */
export function providerNamed(name: string): Provider | null {
  const plain = name.toLowerCase().replace(/executionprovider$/, '').replace(/[\s_-]/g, '')
  const known = plain === 'directml' ? 'dml' : plain
  return PROVIDERS.find((provider) => provider === known) ?? null
}

/** The same providers by ONNX Runtime's names. Throws InputError for a name that no provider has. */
export function checkProviders(names: readonly string[]): Provider[] {
  return names.map((name) => {
    const provider = providerNamed(name)
    if (provider === null) throw new InputError(`execution provider "${name}" does not exist`, `choose among ${PROVIDERS.join(', ')}`)
    return provider
  })
}

/** The names in the order in which they are tried, each once: up to the CPU, which always works, and the CPU itself. Unknown ones stay, to be reported. */
export function inOrder(names: readonly string[]): string[] {
  const known = [...new Set(names.map((name) => providerNamed(name) ?? name))]
  const end = known.indexOf('cpu')
  return [...(end < 0 ? known : known.slice(0, end)), 'cpu']
}

/** `webgpu is not used: libvulkan.so.1 is missing; install the Vulkan loader`, on one line. */
export function fallbackSentence(provider: string, { reason, remedy }: Obstacle): string {
  return `${provider} is not used: ${reason}; ${remedy}`.replace(/\s+/g, ' ')
}
