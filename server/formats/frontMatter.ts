// Reads the YAML between `---` lines at the start of a prompt file, each value with its place.
import { isMap, isNode, parseDocument, type Document } from 'yaml'
import type { TextRange } from '../protocol/values'
import type { Problem } from './problem'
import { quote } from './quote'

/** A path of keys, `['config', 'temperature']`. */
export type YamlPath = readonly (string | number)[]

export interface FrontMatter {
  /** The value at the path as plain data, undefined where there is none. */
  value(path: YamlPath): unknown
  /** Where the value stands in the file; the whole front matter when it stands nowhere. */
  range(path: YamlPath): TextRange
  readonly problems: readonly Problem[]
}

/** `bodyStart` is the offset behind the closing line. */
export interface FrontMatterSplit {
  readonly frontMatter: FrontMatter
  readonly bodyStart: number
}

/** Comment and blank lines may stand before the opening line, as licence texts do. */
const OPENING = /^\uFEFF?(?:[ \t]*(?:#[^\n]*)?\r?\n)*---[ \t]*(?:\r?\n|$)/
const CLOSING = /^---[ \t]*(?:\r?\n|$)/m
const SIZE_LIMIT = 1_000_000

/** Never throws; a file without front matter has no values. */
export function readFrontMatter(text: string): FrontMatterSplit {
  const opening = OPENING.exec(text)
  if (!opening) return { frontMatter: nothing({ start: 0, end: 0 }, []), bodyStart: 0 }
  const start = opening[0].length
  const closing = CLOSING.exec(text.slice(start))
  if (!closing) {
    const range = { start: start - opening[0].trimStart().length, end: text.length }
    const problem: Problem = { severity: 'error', message: 'front matter has no closing line', remedy: 'end it with a line of three dashes', range: { start: Math.max(0, text.lastIndexOf('---', start)), end: start } }
    return { frontMatter: nothing(range, [problem]), bodyStart: text.length }
  }
  const end = start + closing.index
  return { frontMatter: parseYaml(text.slice(start, end), start), bodyStart: end + closing[0].length }
}

function parseYaml(yaml: string, start: number): FrontMatter {
  const whole = { start, end: start + yaml.length }
  const broken = (reason: string, range: TextRange): FrontMatter => nothing(whole, [{ severity: 'error', message: `front matter is not YAML (${reason})`, remedy: 'correct it', range }])
  if (yaml.length > SIZE_LIMIT) return broken(`${yaml.length} characters, more than ${SIZE_LIMIT}`, whole)
  const document = parseDocument(yaml, { prettyErrors: false, logLevel: 'silent' })
  const error = document.errors[0]
  if (error) {
    // At least one character inside the front matter, so that an editor has something to underline.
    const at = Math.min(error.pos[0], yaml.length - 1)
    return broken(quote(error.message.split('\n')[0]!, 120).slice(1, -1), { start: start + at, end: start + Math.min(yaml.length, Math.max(at + 1, error.pos[1])) })
  }
  if (document.contents !== null && !isMap(document.contents)) return broken('no keys and values', whole)
  const plain = plainValue(document)
  if (plain === undefined) return broken('aliases that never end', whole)
  return {
    value: (path) => path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined), plain),
    range: (path) => nodeRange(document, path, start) ?? whole,
    problems: [],
  }
}

/** Undefined when aliases multiply beyond measure. */
function plainValue(document: Document): unknown {
  try {
    return (document.toJS({ maxAliasCount: 100 }) as unknown) ?? {}
  } catch {
    return undefined
  }
}

function nodeRange(document: Document, path: YamlPath, start: number): TextRange | null {
  const node = document.getIn(path, true)
  const range = isNode(node) ? node.range : null
  return range ? { start: start + range[0], end: start + range[1] } : null
}

function nothing(range: TextRange, problems: readonly Problem[]): FrontMatter {
  return { value: () => undefined, range: () => range, problems }
}
