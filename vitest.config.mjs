// Which tests vitest runs: everything that needs no editor.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,golden,faults,rules}/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    env: { ORT_DISABLE_TELEMETRY: '1' },
  },
})
