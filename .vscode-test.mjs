// Tells @vscode/test-cli how to run test/editor inside VS Code: a desktop one named by VSCODE_EXECUTABLE, otherwise the one that tools/vscode installs.
import { defineConfig } from '@vscode/test-cli'
import { join } from 'node:path'
import { buildEditorTests } from './scripts/build.mjs'
import { makeTestWorkspace } from './tools/vscode/testWorkspace.mjs'

await buildEditorTests()

export default defineConfig({
  files: 'out/editorTests/**/*.test.js',
  workspaceFolder: makeTestWorkspace('editorTestWorkspace'),
  extensionDevelopmentPath: '.',
  launchArgs: ['--disable-extensions'],
  mocha: { ui: 'bdd', timeout: 60_000, forbidOnly: true, failZero: true },
  useInstallation: { fromPath: process.env.VSCODE_EXECUTABLE ?? join(import.meta.dirname, 'tools/vscode/codeShim.mjs') },
})
