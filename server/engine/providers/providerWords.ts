// What libraries and drivers say when a provider does not work, in plain words with one thing to do.
import { byteText } from '../../formats/byteText'
import { InputError } from '../../protocol/errors'
import type { Obstacle, Provider } from './providers'

/** A pattern that what was said must match, and what it means; `$1` is what the first group matched. */
interface Meaning {
  readonly providers: readonly Provider[]
  readonly said: RegExp
  readonly reason: string
  readonly remedy: string
}

const TOO_LITTLE_MEMORY = 'the GPU has too little free memory'
const DRIVER = 'install or update the graphics driver'
const NVIDIA_DRIVER = "install or update NVIDIA's driver"

/** The first that fits is taken. The texts are those of ONNX Runtime 1.30, Dawn, CUDA 12 and the dynamic loaders. */
const MEANINGS: readonly Meaning[] = [
  { providers: ['webgpu'], said: /(libvulkan\.so[.\d]*): cannot open/i, reason: '$1, the loader of Vulkan, is missing', remedy: "install it (Debian and Ubuntu: libvulkan1, Fedora: vulkan-loader) and the graphics driver's Vulkan part" },
  { providers: ['webgpu'], said: /Failed to get a WebGPU adapter|No supported adapters/i, reason: 'no graphics adapter was found that WebGPU can use', remedy: DRIVER },
  { providers: ['webgpu'], said: /Failed to get a WebGPU device/i, reason: 'the graphics adapter does not give a device', remedy: DRIVER },
  { providers: ['cuda'], said: /(libcudnn[\w.-]*): cannot open/i, reason: '$1 is missing', remedy: 'install cuDNN 9 for CUDA 12' },
  { providers: ['cuda'], said: /(libcuda\.so[.\d]*): cannot open/i, reason: '$1 is missing', remedy: NVIDIA_DRIVER },
  { providers: ['cuda'], said: /(libcu[\w.-]*|libnv[\w.-]*): cannot open/i, reason: '$1 is missing', remedy: 'install the CUDA 12 runtime libraries' },
  { providers: ['cuda'], said: /no CUDA-capable device|CUDA failure 100\b/i, reason: 'no NVIDIA GPU was found', remedy: 'check with nvidia-smi that the driver sees the GPU' },
  { providers: ['cuda'], said: /driver version is insufficient|CUDA failure 35\b/i, reason: "NVIDIA's driver is older than CUDA 12 needs", remedy: 'update it to version 525 or later' },
  { providers: ['cuda'], said: /no kernel image|CUDA failure 209\b/i, reason: 'ONNX Runtime has no code for a GPU of this generation', remedy: 'use webgpu' },
  { providers: ['cuda', 'webgpu', 'dml', 'coreml'], said: /out of memory|OutOfMemory|Failed to allocate memory|bad_alloc|8007000E|CUDA failure 2\b/i, reason: TOO_LITTLE_MEMORY, remedy: 'close what else uses the GPU' },
  { providers: ['cuda', 'webgpu', 'dml', 'coreml'], said: /device (was )?lost|device removed|887A000[567]/i, reason: 'the graphics driver gave up the device', remedy: DRIVER },
  { providers: ['dml'], said: /887A0004|887A0002|No (GPU|adapter)/i, reason: 'no graphics adapter was found that DirectML can use', remedy: DRIVER },
]

/** `said` is an error's message or what was printed before it. What is not understood is quoted, shortened to its first sentence. */
export function inPlainWords(provider: Provider, said: string): Obstacle {
  for (const meaning of MEANINGS) {
    const match = meaning.providers.includes(provider) && meaning.said.exec(said)
    if (match) return { reason: meaning.reason.replace('$1', match[1] ?? ''), remedy: meaning.remedy }
  }
  return { reason: libraryWords(said), remedy: provider === 'coreml' ? 'use webgpu or cpu' : DRIVER }
}

/** The obstacle with the sizes that are known, where it is one of memory. `bytesNeeded` is null where nobody counted them. */
export function withSizes(obstacle: Obstacle, bytesNeeded: number | null, gpus: readonly { readonly name: string; readonly memoryBytes: number }[]): Obstacle {
  if (obstacle.reason !== TOO_LITTLE_MEMORY || bytesNeeded === null) return obstacle
  const there = gpus.map(({ name, memoryBytes }) => `${name} has ${byteText(memoryBytes)}`)
  return { reason: `${obstacle.reason} for the ${byteText(bytesNeeded)} that the model needs${there.length > 0 ? ` (${there.join(', ')})` : ''}`, remedy: 'choose a smaller precision, or close what else uses the GPU' }
}

/** For a run that a provider could not finish. */
export function stoppedRunning(provider: Provider, said: string): InputError {
  return new InputError(`${provider} stopped in the middle of a run (${inPlainWords(provider, said).reason})`, `run again, or put cpu before ${provider} in promptscope.providers`)
}

const LONGEST = 200

/** The library's own words, without colours, source lines, the list of tried backends, or a full stop. */
export function libraryWords(said: string): string {
  const line = said
    // eslint-disable-next-line no-control-regex -- colours of a terminal
    .replace(/\u001b\[[\d;]*m/g, '')
    .split('\n')
    .map((text) => text.trim())
    .find((text) => text !== '')
  const words = (line ?? 'it failed without a word')
    .replace(/^no available backend found\. ERR: /, '')
    .replace(/\/\S+\.(cc|h|cpp):\d+ .*? was false\. /, '')
    .replace(/\.$/, '')
    .trim()
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words
}
