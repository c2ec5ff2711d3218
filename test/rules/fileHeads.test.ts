// Every source file says in its first line what it is, and none carries what the house style rules out.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, sourceFiles } from './sourceFiles'

const files = sourceFiles(['extension', 'server', 'webview', 'scripts', 'tools', 'test', 'training', '.ci'], /(\.(ts|mjs|cjs|py|css)|^run)$/)

/** Written in two halves, so that this file does not find itself. */
const ruledOut: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['the type any', new RegExp(String.raw`: an${'y'}\b|\bas an${'y'}\b|<an${'y'}>`)],
  ['a test that runs alone', new RegExp(String.raw`\b(it|describe|test)\.onl${'y'}\(`)],
  ['a test that is skipped', new RegExp(String.raw`\b(it|describe|test)\.(ski${'p'}|tod${'o'})\(`)],
  ['a silenced type error', new RegExp(`@ts-(ignor${'e'}|nochec${'k'})`)],
  ['a default export', new RegExp(String.raw`^export defaul${'t'} (?!defineConfig|ts\.config)`, 'm')],
]

describe.each(files)('%s', (file) => {
  const text = readFileSync(join(root, file), 'utf8')

  it('opens with a sentence', () => {
    expect(openingComment(text)).toMatch(/^\S.{18,}?[.:!?)](\s|$)/)
  })

  it('carries nothing that the style rules out', () => {
    expect(ruledOut.filter(([, pattern]) => pattern.test(text)).map(([what]) => what)).toEqual([])
  })
})

/** The comment or docstring that a file opens with, after a `#!` line, on one line and without its marks. */
function openingComment(text: string): string {
  const lines = text.split('\n')
  if (lines[0]?.startsWith('#!')) lines.shift()
  const first = lines[0] ?? ''
  if (first.startsWith('"""')) return (text.split('"""')[1] ?? '').replace(/\s+/g, ' ')
  if (first.startsWith('/*')) return (/^\/\*+\s*([\s\S]*?)\*\//.exec(lines.join('\n'))?.[1] ?? '').replace(/\s+\*?\s*/g, ' ')
  const end = lines.findIndex((line) => !/^(\/\/|#)/.test(line))
  return lines.slice(0, end).map((line) => line.replace(/^(\/\/|#)\s?/, '')).join(' ')
}
