// Every path that the documentation names exists, and every image and relative link leads somewhere.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, sourceFiles } from './sourceFiles'

const documents = [...readdirSync(root).filter((name) => name.endsWith('.md')), ...sourceFiles(['docs', 'demo', 'training', 'test'], /\.md$/)]
const topFolders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)

/** Made by a command, so not in a fresh clone. */
const made = /^(dist|out|node_modules)(\/|$)/

describe.each(documents)('%s', (document) => {
  const text = readFileSync(join(root, document), 'utf8')

  it('names only paths that exist', () => {
    const paths = [...text.matchAll(/`([\w.@-]+(?:\/[\w.@*-]*)+)`/g)].flatMap(([, path]) => (path === undefined ? [] : [path]))
    const ours = paths.filter((path) => topFolders.includes(path.split('/')[0] ?? '') && !made.test(path))
    expect(ours.filter((path) => !existsSync(join(root, path.replace(/\/?[^/]*\*.*$/, ''))))).toEqual([])
  })

  it('links only to what exists', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|command:)([^)#\s]+)[^)]*\)/g)].flatMap(([, link]) => (link === undefined ? [] : [link]))
    expect(links.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([])
  })
})
