// What drivers and libraries say, in plain words. The texts are what ONNX Runtime 1.30 and the loaders print.
import { expect, it } from 'vitest'
import { inPlainWords, libraryWords, stoppedRunning, withSizes } from '../../../server/engine/providers/providerWords'

const NO_ADAPTER = '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const onnxruntime::webgpu::WebGpuContextConfig&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters\n'

it.each([
  ['webgpu', `${NO_ADAPTER}Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory`, 'libvulkan.so.1, the loader of Vulkan, is missing'],
  ['webgpu', NO_ADAPTER, 'no graphics adapter was found that WebGPU can use'],
  ['cuda', 'Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.12: cannot open shared object file: No such file or directory', 'libcublasLt.so.12 is missing'],
  ['cuda', 'libcudnn.so.9: cannot open shared object file', 'libcudnn.so.9 is missing'],
  ['cuda', 'CUDA failure 100: no CUDA-capable device is detected ; GPU=0', 'no NVIDIA GPU was found'],
  ['dml', 'Exception(1) tid(1) 8007000E Not enough memory resources are available', 'the GPU has too little free memory'],
] as const)('%s: %s', (provider, said, reason) => {
  expect(inPlainWords(provider, said).reason).toBe(reason)
})

it('quotes what it does not understand, shortened', () => {
  expect(inPlainWords('coreml', 'no available backend found. ERR: model will not compile.\nstack').reason).toBe('model will not compile')
  expect(inPlainWords('webgpu', '').reason).toBe('it failed without a word')
  expect(libraryWords(`\u001b[1;31m${'x'.repeat(500)}\u001b[m`)).toHaveLength(201)
  expect(libraryWords(NO_ADAPTER)).toBe('Failed to get a WebGPU adapter: No supported adapters')
})

it('gives the sizes where memory was short', () => {
  const short = inPlainWords('cuda', 'CUDA failure 2: out of memory')
  expect(withSizes(short, 6.9e9, [{ name: 'NVIDIA X', memoryBytes: 4e9 }])).toEqual({ reason: 'the GPU has too little free memory for the 6.9 GB that the model needs (NVIDIA X has 4.0 GB)', remedy: 'choose a smaller precision, or close what else uses the GPU' })
  expect(withSizes(short, 6.9e9, []).reason).toBe('the GPU has too little free memory for the 6.9 GB that the model needs')
  expect(withSizes(short, null, [])).toBe(short)
  const other = inPlainWords('cuda', 'no CUDA-capable device')
  expect(withSizes(other, 1, [])).toBe(other)
})

it('names the way out of a run that a provider could not finish', () => {
  expect(stoppedRunning('webgpu', 'Device was lost').line).toBe('webgpu stopped in the middle of a run (the graphics driver gave up the device); run again, or put cpu before webgpu in promptscope.providers')
})
