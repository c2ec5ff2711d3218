// Whole conversations with the debug adapter as text, compared with what they were: `→` the client, `←` the adapter. UPDATE_GOLDENS=1 rewrites them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { expect } from 'vitest'
import type { Said } from './client'

/** Compares with `transcripts/<name>.txt`; a transcript that is not there fails. */
export function expectTranscript(name: string, said: readonly Said[]): void {
  const path = resolve(import.meta.dirname, 'transcripts', `${name}.txt`)
  const text = transcriptOf(said)
  if (process.env.UPDATE_GOLDENS) writeFileSync(path, text)
  expect(existsSync(path), `${path} is missing; run with UPDATE_GOLDENS=1 and read it`).toBe(true)
  expect(text).toBe(readFileSync(path, 'utf8'))
}

/** One paragraph per message. */
export function transcriptOf(said: readonly Said[]): string {
  return `${said.map(line).join('\n')}\n`
}

function line({ from, message }: Said): string {
  if (from === 'client') {
    const { command, arguments: args } = message as unknown as { readonly command: string; readonly arguments?: unknown }
    return `→ ${command}${json(args)}`
  }
  if (message.type === 'event') {
    const { event, body } = message as unknown as { readonly event: string; readonly body?: unknown }
    return `← ${event}!${json(body)}`
  }
  const { command, success, body, message: text } = message as DebugProtocol.ErrorResponse
  // The capabilities are compared where each is driven.
  if (command === 'initialize' && success) return '← initialize {capabilities}'
  return success ? `← ${command}${json(body)}` : `← ${command} refused${text === body?.error?.format ? '' : ` as ${JSON.stringify(text)}`}${body?.error ? `: ${body.error.format}` : ''}`
}

/** One line while it is short, else one line for each field or entry of a list. */
function json(value: unknown): string {
  if (value === undefined) return ''
  const text = JSON.stringify(value)
  if (text.length <= 160 || typeof value !== 'object' || value === null) return ` ${text}`
  const entries = Object.entries(value).flatMap(([key, each]: [string, unknown]) =>
    Array.isArray(each) && each.length > 0 ? [`${key}:`, ...each.map((entry) => `  ${JSON.stringify(entry)}`)] : [`${key}: ${JSON.stringify(each)}`],
  )
  return `\n${entries.map((entry) => `    ${entry}`).join('\n')}`
}
