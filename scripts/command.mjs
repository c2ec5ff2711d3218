// Runs other programs for the scripts here: with their output shown, with npm found wherever it lies. Node's own modules only.
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '..')

/** The script that called, when it is the one that was started from the command line. */
export const isStarted = (/** @type {ImportMeta} */ meta) => process.argv[1] !== undefined && resolve(process.argv[1]) === meta.filename

/** Runs a script's story; what goes wrong is one line on stderr and exit code 1. */
export async function runMain(/** @type {() => Promise<unknown>} */ main) {
  try {
    await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

/**
 * Runs a program to its end and answers with its exit code; its output goes where ours goes.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean, onOutput?: (text: string) => void }} [options] `onOutput` also gets what is printed
 * @returns {Promise<number>}
 */
export function runCommand(command, args, { cwd = root, env = {}, shell = false, onOutput } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, shell, env: { ...process.env, ...env }, stdio: ['ignore', onOutput ? 'pipe' : 'inherit', onOutput ? 'pipe' : 'inherit'] })
    child.stdout?.on('data', (chunk) => { process.stdout.write(chunk); onOutput?.(String(chunk)) })
    child.stderr?.on('data', (chunk) => { process.stderr.write(chunk); onOutput?.(String(chunk)) })
    child.once('error', fail)
    child.once('close', (code) => done(code ?? 1))
  })
}

/**
 * Runs a tool that is among our packages, by its file, so that no shell and no global install is needed.
 * @param {string} file for example `typescript/bin/tsc`
 * @param {readonly string[]} args
 * @param {Parameters<typeof runCommand>[2]} [options]
 */
export function runTool(file, args, options) {
  return runCommand(process.execPath, [join(root, 'node_modules', file), ...args], options)
}

/**
 * Runs npm in a folder, quietly.
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export function runNpm(args, { cwd = root, env = {} } = {}) {
  const quiet = { npm_config_loglevel: 'error', npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false', ...env }
  const npmScript = process.env.npm_execpath
  if (npmScript?.endsWith('.js')) return runCommand(process.execPath, [npmScript, ...args], { cwd, env: quiet })
  return runCommand('npm', args, { cwd, env: quiet, shell: process.platform === 'win32' })
}
