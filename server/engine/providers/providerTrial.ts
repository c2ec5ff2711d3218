// The other side of tryProvider.ts: a process of its own that tests one execution provider and says how it went.
import { loadRuntime } from '../onnx'
import { selfTest } from './providerSelfTest'
import type { Provider } from './providers'
import { TRIAL_ARGUMENT, type TrialMessage } from './tryProvider'

/** Tests the provider that the process's arguments name. What libraries print goes to stderr, which the parent reads. */
export async function runTrial(): Promise<void> {
  const provider = process.argv[process.argv.indexOf(TRIAL_ARGUMENT) + 1] as Provider
  let message: TrialMessage
  try {
    await loadRuntime('error')
    message = { kind: 'computed', result: await selfTest(provider) }
  } catch (error) {
    message = { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
  process.send!(message)
  // Stays until the answer has been read.
  process.once('disconnect', () => process.exit())
}
