// How vitest runs the tests that look at the screen: one file after the other, each test a step of its file's story.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/ui/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    bail: 1,
  },
})
