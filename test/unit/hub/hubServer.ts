// A hub of the tests' own on loopback, and a second server that stands for its content network; both misbehave on request.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Files of a repository by path. Those of at least `LARGE` bytes are large files: named by SHA-256 and sent by the content network. */
export type Repositories = Readonly<Record<string, Readonly<Record<string, string | Buffer>>>>

export const LARGE = 1000
export const COMMIT = 'a'.repeat(40)

/** Answers in place of the server's own; true when it has. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, content: Buffer | null) => boolean

export interface HubServer {
  readonly endpoint: string
  readonly cdn: string
  /** Every request: `GET /path`, `cdn GET /path bytes=5-`. */
  readonly requests: string[]
  /** Authorization headers seen by the content network. */
  readonly tokensAtCdn: string[]
  /** Asked in order for every request, until one answers. */
  readonly misbehaviours: Misbehaviour[]
  /** Changes what the listing says of a file. */
  readonly listed: Map<string, object>
  close(): Promise<void>
}

export async function startHubServer(repositories: Repositories, options: { readonly token?: string; readonly pageSize?: number; readonly gated?: boolean } = {}): Promise<HubServer> {
  const requests: string[] = []
  const tokensAtCdn: string[] = []
  const misbehaviours: Misbehaviour[] = []
  const listed = new Map<string, object>()
  const misbehaves = (request: IncomingMessage, response: ServerResponse, content: Buffer | null): boolean => misbehaviours.some((each) => each(request, response, content))

  const cdn = await listen((request, response) => {
    requests.push(['cdn', request.method, request.url, request.headers.range].filter(Boolean).join(' '))
    if (request.headers.authorization !== undefined) tokensAtCdn.push(request.headers.authorization)
    const [, repository, path] = /^\/(org\/[^/]+)\/(.+)$/.exec(decodeURIComponent(request.url ?? '')) ?? []
    const content = contentOf(repositories, repository, path)
    if (misbehaves(request, response, content)) return
    if (content === null) return void response.writeHead(404).end()
    sendRange(request, response, content, `"${sha256(content)}"`)
  })
  const cdnUrl = urlOf(cdn)

  const hub = await listen((request, response) => {
    requests.push([request.method, request.url, request.headers.range].filter(Boolean).join(' '))
    const url = new URL(request.url ?? '/', 'http://hub')
    const resolved = /^\/(org\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname)
    const api = /^\/api\/models\/(org\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(url.pathname)
    const repository = resolved?.[1] ?? api?.[1]
    const path = resolved?.[3] === undefined ? undefined : decodeURIComponent(resolved[3])
    const content = contentOf(repositories, repository, path)
    if (misbehaves(request, response, content)) return
    // What is gated is still listed.
    const isOpen = options.gated === true && api !== null
    if (options.token !== undefined && !isOpen && request.headers.authorization !== `Bearer ${options.token}`) {
      return void response.writeHead(401, request.headers.authorization === undefined ? { 'x-error-code': 'GatedRepo' } : {}).end()
    }
    if (repository === undefined || !repositories[repository]) return void response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end()
    if (api) {
      if (!['main', COMMIT].includes(decodeURIComponent(api[3]!))) return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end()
      if (api[2] === 'revision') return sendJson(response, { _id: '1', id: repository, private: false, gated: options.gated ? 'auto' : false, downloads: 0, likes: 0, lastModified: '2026-01-01T00:00:00Z', sha: COMMIT })
      const entries = treeOf(repositories[repository], listed)
      const from = Number(url.searchParams.get('cursor') ?? 0)
      const to = from + (options.pageSize ?? 1000)
      const next = to < entries.length ? { link: `<${urlOf(hub)}${url.pathname}?recursive=true&cursor=${to}>; rel="next"` } : {}
      return sendJson(response, entries.slice(from, to), next)
    }
    if (content === null) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end()
    if (content.length < LARGE) return sendRange(request, response, content, `"${gitHash(content)}"`)
    response.writeHead(302, { location: `${cdnUrl}/${repository}/${path}`, 'x-linked-size': content.length, 'x-linked-etag': `"${sha256(content)}"` }).end()
  })

  return { endpoint: urlOf(hub), cdn: cdnUrl, requests, tokensAtCdn, misbehaviours, listed, close: () => closeAll([hub, cdn]) }
}

/** Bytes that are different at every place, so that a wrong offset shows. */
export function bytesOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0, state = seed; at < length; at++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    bytes[at] = state >> 16
  }
  return bytes
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

export function gitHash(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
}

/** Sends only so many of the bytes that were asked for and drops the connection, as often as told. */
export function dropsAfter(bytes: number, times: number, isAsked = (request: IncomingMessage) => request.url?.endsWith('.safetensors') === true): Misbehaviour {
  let left = times
  return (request, response, content) => {
    if (content === null || content.length < LARGE || !isAsked(request) || request.headers.host === undefined || request.url?.includes('/resolve/') || left === 0) return false
    left--
    const start = startOf(request)
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': content.length - start, etag: `"${sha256(content)}"`, ...(start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}) })
    response.write(content.subarray(start, start + bytes), () => response.destroy())
    return true
  }
}

/** Answers requests of the content network for large files otherwise; `times` of them. */
export function atCdn(answer: (request: IncomingMessage, response: ServerResponse, content: Buffer) => void, times = Infinity): Misbehaviour {
  let left = times
  return (request, response, content) => {
    if (content === null || content.length < LARGE || request.url?.includes('/resolve/') || left <= 0) return false
    left--
    answer(request, response, content)
    return true
  }
}

/** Answers requests whose address contains `part` with a status; `times` of them. */
export function answers(part: string, status: number, headers: Readonly<Record<string, string>> = {}, times = Infinity): Misbehaviour {
  let left = times
  return (request, response) => {
    if (!request.url?.includes(part) || left <= 0) return false
    left--
    response.writeHead(status, headers).end()
    return true
  }
}

export function startOf({ headers }: IncomingMessage): number {
  return Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
}

export function sendRange(request: IncomingMessage, response: ServerResponse, content: Buffer, etag: string): void {
  const start = startOf(request)
  const wantsOther = request.headers['if-range'] !== undefined && request.headers['if-range'] !== etag
  if (request.headers.range === undefined || wantsOther) return void response.writeHead(200, { 'content-length': content.length, etag }).end(content)
  if (start >= content.length) return void response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
  response.writeHead(206, { 'content-length': content.length - start, 'content-range': `bytes ${start}-${content.length - 1}/${content.length}`, etag }).end(content.subarray(start))
}

function sendJson(response: ServerResponse, value: unknown, headers: object = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

function treeOf(files: Readonly<Record<string, string | Buffer>>, listed: ReadonlyMap<string, object>): object[] {
  const folders = new Set(Object.keys(files).flatMap((path) => (path.includes('/') ? [path.slice(0, path.lastIndexOf('/'))] : [])))
  return [
    ...[...folders].map((path) => ({ type: 'directory', path, size: 0, oid: '0'.repeat(40) })),
    ...Object.entries(files).map(([path, text]) => {
      const content = Buffer.from(text)
      const lfs = content.length < LARGE ? {} : { lfs: { oid: sha256(content), size: content.length, pointerSize: 134 } }
      return { type: 'file', path, size: content.length, oid: content.length < LARGE ? gitHash(content) : '1'.repeat(40), ...lfs, ...listed.get(path) }
    }),
  ]
}

function contentOf(repositories: Repositories, repository: string | undefined, path: string | undefined): Buffer | null {
  const files = repository === undefined ? undefined : repositories[repository]
  return files && path !== undefined && Object.hasOwn(files, path) ? Buffer.from(files[path]!) : null
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })))
}
