// Names of execution providers, the order in which they are tried, and what rules one out before it is tried.
import { describe, expect, it } from 'vitest'
import { providerObstacle, type ProviderPlace } from '../../../server/engine/providers/providerObstacle'
import { checkProviders, fallbackSentence, inOrder, providerNamed } from '../../../server/engine/providers/providers'

describe('names of providers', () => {
  it.each([
    ['cuda', 'cuda'], ['CUDA', 'cuda'], ['CUDAExecutionProvider', 'cuda'], ['DirectML', 'dml'], ['DmlExecutionProvider', 'dml'],
    ['Core ML', 'coreml'], ['WebGPU', 'webgpu'], ['web-gpu', 'webgpu'], ['CPU', 'cpu'], ['tensorrt', null], ['', null], ['__proto__', null],
  ])('takes %j for %j', (name, provider) => expect(providerNamed(name)).toBe(provider))

  it('refuses one that no provider has', () => {
    expect(checkProviders(['DirectML', 'cpu'])).toEqual(['dml', 'cpu'])
    expect(() => checkProviders(['cpu', 'gpu'])).toThrow('execution provider "gpu" does not exist')
  })
})

describe('the order of providers', () => {
  it.each<[string[], string[]]>([
    [[], ['cpu']],
    [['cpu'], ['cpu']],
    [['webgpu', 'cuda'], ['webgpu', 'cuda', 'cpu']],
    [['cuda', 'CPU', 'webgpu'], ['cuda', 'cpu']],
    [['cuda', 'CUDA', 'nosuch'], ['cuda', 'nosuch', 'cpu']],
  ])('of %j is %j', (names, order) => expect(inOrder(names)).toEqual(order))
})

describe('what rules a provider out', () => {
  const place: ProviderPlace = { platform: 'linux', arch: 'x64', libraryFolder: '/ort', version: '1.30.0', built: ['cpu', 'webgpu', 'cuda'], exists: () => true }

  it('is nothing where everything is there', () => {
    for (const provider of ['cpu', 'cuda', 'webgpu'] as const) expect(providerObstacle(provider, place)).toBeNull()
    expect(providerObstacle('dml', { ...place, platform: 'win32', built: ['cpu', 'dml'] })).toBeNull()
    expect(providerObstacle('coreml', { ...place, platform: 'darwin', arch: 'arm64', built: ['cpu', 'coreml'] })).toBeNull()
  })

  it('is the system', () => {
    expect(providerObstacle('dml', place)).toEqual({ reason: 'DirectML exists on Windows only', remedy: 'use cuda or webgpu' })
    expect(providerObstacle('coreml', { ...place, platform: 'win32' })).toEqual({ reason: 'Core ML exists on macOS only', remedy: 'use dml or webgpu' })
    expect(providerObstacle('cuda', { ...place, platform: 'win32' })?.reason).toBe('ONNX Runtime has CUDA for Node on Linux x64 only, and this is win32 x64')
  })

  it('is a build without it', () => {
    expect(providerObstacle('webgpu', { ...place, arch: 'arm64', built: ['cpu'] })).toEqual({ reason: 'the ONNX Runtime that is installed (1.30.0, linux arm64) was built without it', remedy: 'use cpu' })
  })

  it('is a library that is not there, and where it belongs', () => {
    const words = fallbackSentence('cuda', providerObstacle('cuda', { ...place, exists: (file) => file.includes('shared') })!)
    expect(words).toBe('cuda is not used: libonnxruntime_providers_cuda.so is not installed; copy it from the NuGet package Microsoft.ML.OnnxRuntime.Gpu.Linux 1.30.0 into /ort, beside the CUDA 12 runtime and cuDNN 9 that they need')
  })
})
