// What rules out an execution provider on a machine before it is tried: the system, the processor, libraries that are not there.
import type { Obstacle, Provider } from './providers'

export interface ProviderPlace {
  readonly platform: NodeJS.Platform
  readonly arch: string
  /** Where ONNX Runtime's own libraries lie. */
  readonly libraryFolder: string
  readonly version: string
  /** Providers that this build of ONNX Runtime knows, bundled or not. */
  readonly built: readonly string[]
  readonly exists: (file: string) => boolean
}

/** CUDA's part of ONNX Runtime, which its package for Node does not bring. */
export const CUDA_LIBRARIES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so']

/** Null when nothing speaks against trying it. */
export function providerObstacle(provider: Provider, { platform, arch, libraryFolder, version, built, exists }: ProviderPlace): Obstacle | null {
  const instead = { remedy: `use ${insteadOn(platform, arch, provider)}` }
  if (provider === 'cpu') return null
  if (provider === 'dml' && platform !== 'win32') return { reason: 'DirectML exists on Windows only', ...instead }
  if (provider === 'coreml' && platform !== 'darwin') return { reason: 'Core ML exists on macOS only', ...instead }
  if (provider === 'cuda' && (platform !== 'linux' || arch !== 'x64')) return { reason: `ONNX Runtime has CUDA for Node on Linux x64 only, and this is ${platform} ${arch}`, ...instead }
  if (!built.includes(provider)) return { reason: `the ONNX Runtime that is installed (${version}, ${platform} ${arch}) was built without it`, ...instead }
  const missing = provider === 'cuda' ? CUDA_LIBRARIES.filter((file) => !exists(file)) : []
  if (missing.length === 0) return null
  return {
    reason: `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not installed`,
    remedy: `copy ${missing.length === 1 ? 'it' : 'them'} from the NuGet package Microsoft.ML.OnnxRuntime.Gpu.Linux ${version} into ${libraryFolder}, beside the CUDA 12 runtime and cuDNN 9 that they need`,
  }
}

/** Providers of a platform, best first; the CPU where there is no other. */
function insteadOn(platform: NodeJS.Platform, arch: string, refused: Provider): string {
  const there: readonly Provider[] =
    platform === 'win32' ? ['dml', 'webgpu'] : platform === 'darwin' ? ['coreml', 'webgpu'] : platform === 'linux' && arch === 'x64' ? ['cuda', 'webgpu'] : []
  const others = there.filter((provider) => provider !== refused)
  return others.length === 0 ? 'cpu' : others.join(' or ')
}
