// Which tests vitest runs: everything that needs no editor.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// What a test makes the engine keep must neither come from the user's cache nor stay in it.
const cache = mkdtempSync(join(tmpdir(), 'promptscope-cache-'))
process.on('exit', () => rmSync(cache, { recursive: true, force: true }))

export default defineConfig({
  test: {
    include: ['test/{unit,golden,faults,debug,rules}/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    env: { ORT_DISABLE_TELEMETRY: '1', PROMPTSCOPE_CACHE: cache },
  },
})
