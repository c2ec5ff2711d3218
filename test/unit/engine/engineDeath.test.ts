// Each way in which an engine process can end by itself, and what the user is told to do.
import { expect, it } from 'vitest'
import { engineDeath, type EngineDeath } from '../../../server/engine/process/engineDeath'

const death: EngineDeath = { code: null, signal: null, printed: '', provider: 'cpu', memoryBytes: 16e9 }

it.each<[string, Partial<EngineDeath>, string]>([
  ['the system', { signal: 'SIGKILL' }, 'the engine stopped (the system ended it, as it does when the 16.0 GB of this machine run out); close other programs or choose a smaller precision, then run again'],
  ['an allocation that fails', { signal: 'SIGABRT', printed: "terminate called after throwing an instance of 'std::bad_alloc'" }, 'the engine stopped (the 16.0 GB of this machine did not suffice); close other programs or choose a smaller precision, then run again'],
  ['a full heap', { signal: 'SIGABRT', printed: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory' }, 'the engine stopped (its JavaScript heap is full); run a shorter prompt, or read fewer layers'],
  ['a file that is cut', { signal: 'SIGBUS' }, 'the engine stopped (a file of weights changed or was cut while it was in use); check that the files are complete, then run again'],
  ['a crash', { signal: 'SIGSEGV' }, 'the engine stopped (it crashed with SIGSEGV); run again to start it anew'],
  ['a driver', { signal: 'SIGSEGV', provider: 'webgpu' }, 'the engine stopped (it crashed with SIGSEGV while it computed on webgpu); run again, or put cpu before webgpu in promptscope.providers'],
  ['a driver on Windows', { code: 0xc0000005, provider: 'dml' }, 'the engine stopped (it crashed with code 0xc0000005 while it computed on dml); run again, or put cpu before dml in promptscope.providers'],
  ['an error', { code: 1, printed: "node:internal:1\n  throw err;\n  ^\n\nError: Cannot find module '/x/engine.js'\n    at x" }, "the engine stopped (Cannot find module '/x/engine.js'); run again to start it anew"],
  ['an exit', { code: 7 }, 'the engine stopped (exit code 7); run again to start it anew'],
])('ended by %s', (_, part, line) => {
  expect(engineDeath({ ...death, ...part }).line).toBe(line)
})
