// Downloads from a hub on loopback arrive whole, go on where they ended, and never keep wrong bytes.
import { access, mkdir, readdir, readFile, readlink, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AccessError } from '../../../server/hub/hubFailure'
import { CancelledError, InputError } from '../../../server/protocol/errors'
import { answers, atCdn, bytesOf, COMMIT, dropsAfter, gitHash, sendRange, sha256, startOf } from './hubServer'
import { startTestHub, type TestHub } from './testHub'

const REPOSITORY = 'org/Tiny'
const weights = bytesOf(300_000)
const config = '{"model_type": "qwen3"}'
const files = { 'config.json': config, 'tokenizer.json': '{}', 'model.safetensors': weights, 'README.md': 'not needed', 'pytorch_model.bin': bytesOf(2000) }
const repositories = { [REPOSITORY]: files }
const blob = (hub: TestHub): string => join(hub.cache, 'models--org--Tiny', 'blobs', sha256(weights))
const isThere = (path: string): Promise<boolean> => access(path).then(() => true, () => false)

async function problemOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(() => null, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(InputError)
  return (error as InputError).line
}

/** Downloads and counts how often the weights were checked: more than once when wrong bytes were taken for right ones till the end. */
function checksIn(hub: TestHub): { readonly download: Promise<string>; count(): number } {
  let count = 0
  const download = hub.download({}, ({ path, note }) => {
    if (path === 'model.safetensors' && note === 'checking') count++
  })
  return { download, count: () => count }
}

describe('a download', () => {
  it('lies in the cache as Python’s libraries lay it out', async () => {
    const hub = await startTestHub(repositories)
    const folder = await hub.download()
    const repository = join(hub.cache, 'models--org--Tiny')
    expect(folder).toBe(join(repository, 'snapshots', COMMIT))
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    expect(await readlink(join(folder, 'config.json'))).toBe(`../../blobs/${gitHash(Buffer.from(config))}`)
    expect(await readlink(join(folder, 'model.safetensors'))).toBe(`../../blobs/${sha256(weights)}`)
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(weights)
    expect(await readFile(join(repository, 'refs', 'main'), 'utf8')).toBe(COMMIT)
    expect((await readdir(join(repository, 'blobs'))).filter((name) => name.includes('.'))).toEqual([])
  })

  it('fetches nothing that is there already', async () => {
    const hub = await startTestHub(repositories)
    await hub.download()
    hub.server.requests.length = 0
    const plan = await hub.plan()
    expect(plan.bytesThere).toBe(plan.bytes)
    await hub.download()
    expect(hub.server.requests.filter((request) => request.includes('resolve'))).toEqual([])
  })

  it('moves the files into the snapshot where there are no symbolic links', async () => {
    const symlink = async (): Promise<void> => {
      throw Object.assign(new Error('no links'), { code: 'EPERM' })
    }
    const hub = await startTestHub(repositories, { surroundings: { symlink } })
    const folder = await hub.download()
    expect((await stat(join(folder, 'model.safetensors'))).size).toBe(weights.length)
    expect(await isThere(blob(hub))).toBe(false)
    const plan = await hub.plan()
    expect(plan.bytesThere).toBe(plan.bytes)
  })

  it('reports bytes up to the sum', async () => {
    const hub = await startTestHub(repositories)
    const seen: number[] = []
    await hub.download({}, ({ bytes }) => seen.push(bytes))
    const { bytes } = await hub.plan()
    expect(seen.at(-1)).toBe(bytes)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })

  it('of a commit leaves no name behind', async () => {
    const hub = await startTestHub(repositories)
    await hub.download({ revision: COMMIT })
    expect(await isThere(join(hub.cache, 'models--org--Tiny', 'refs'))).toBe(false)
  })
})

describe('a connection that drops', () => {
  it('is taken up again from where it ended', async () => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(dropsAfter(70_000, 3))
    const folder = await hub.download()
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(weights)
    const ranges = hub.server.requests.filter((request) => request.startsWith('cdn')).map((request) => / bytes=(\d+)-/.exec(request)?.[1] ?? '0')
    expect(ranges.length).toBe(4)
    expect(ranges.map(Number)).toEqual([...ranges.map(Number)].sort((a, b) => a - b))
    expect(Number(ranges[3])).toBeGreaterThan(100_000)
    expect(hub.waits.length).toBe(3)
  })

  it('again and again is given up, and the next download goes on there', async () => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(dropsAfter(0, Infinity, (request) => startOf(request) > 0), dropsAfter(100_000, 1))
    expect(await problemOf(hub.download())).toMatch(/cannot be reached \(.*dropped.*kept$/)
    expect(await isThere(blob(hub))).toBe(false)
    const begun = (await stat(`${blob(hub)}.incomplete`)).size
    expect(begun).toBeGreaterThan(0)
    expect((await hub.plan()).files.find(({ path }) => path === 'model.safetensors')?.bytesThere).toBe(begun)

    hub.server.misbehaviours.length = 0
    hub.server.requests.length = 0
    await hub.download()
    expect(hub.server.requests).toContain(`cdn GET /org/Tiny/model.safetensors bytes=${begun}-`)
    expect(sha256(await readFile(blob(hub)))).toBe(sha256(weights))
  })

  it('is no reason to start over with a server that knows no ranges, only to take its bytes from the first', async () => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(dropsAfter(50_000, 1), atCdn((_request, response, content) => void response.writeHead(200, { 'content-length': content.length }).end(content)))
    const folder = await hub.download()
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(weights)
  })

  it('may leave a file that ends early without saying so', async () => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(atCdn((_request, response, content) => void response.writeHead(200).end(content.subarray(0, 1234)), 1))
    const folder = await hub.download()
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(weights)
    expect(hub.server.requests).toContain('cdn GET /org/Tiny/model.safetensors bytes=1234-')
  })

  it('to a file that always ends early is an error with the numbers', async () => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(atCdn((request, response, content) => {
      const start = startOf(request)
      response.writeHead(start > 0 ? 206 : 200, start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}).end(content.subarray(start, 5000))
    }))
    expect(await problemOf(hub.download())).toMatch(/^org\/Tiny\/model.safetensors ends after 5000 of 300000 bytes; /)
  })
})

describe('wrong bytes', () => {
  it('of the right length never get the file’s name', async () => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(atCdn((request, response) => sendRange(request, response, bytesOf(weights.length, 99), '"x"')))
    expect(await problemOf(hub.download())).toMatch(/model.safetensors has the checksum .* the hub names/)
    expect(await readdir(join(hub.cache, 'models--org--Tiny', 'blobs'))).not.toContain(sha256(weights))
    expect(await isThere(`${blob(hub)}.incomplete`)).toBe(false)
  })

  it('of a small file neither', async () => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push((request, response) => {
      if (!request.url?.endsWith('/tokenizer.json')) return false
      response.writeHead(200).end('[]')
      return true
    })
    expect(await problemOf(hub.download())).toMatch(/tokenizer.json has the checksum/)
  })

  it('left by an earlier download are thrown away and fetched anew', async () => {
    const hub = await startTestHub(repositories)
    await mkdir(join(hub.cache, 'models--org--Tiny', 'blobs'), { recursive: true })
    await writeFile(`${blob(hub)}.incomplete`, bytesOf(1000, 7))
    const folder = await hub.download()
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(weights)
  })

  it('too many of them left by an earlier download as well', async () => {
    const hub = await startTestHub(repositories)
    await mkdir(join(hub.cache, 'models--org--Tiny', 'blobs'), { recursive: true })
    await writeFile(`${blob(hub)}.incomplete`, bytesOf(weights.length + 5, 7))
    const checks = checksIn(hub)
    expect(await readFile(join(await checks.download, 'model.safetensors'))).toEqual(weights)
    expect(checks.count()).toBe(1)
  })

  it.each([
    ['Content-Length', (content: Buffer) => ({ headers: { 'content-length': String(content.length + 10) }, body: Buffer.concat([content, Buffer.alloc(10)]) }), /is sent with 300010 bytes, the hub lists 300000/],
    ['no length', (content: Buffer) => ({ headers: {}, body: Buffer.concat([content, Buffer.alloc(10)]) }), /goes on after its 300000 bytes/],
  ])('too many of them, told by %s, are refused', async (_name, lie, expected) => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(atCdn((_request, response, content) => {
      const { headers, body } = lie(content)
      response.writeHead(200, headers).end(body)
    }))
    expect(await problemOf(hub.download())).toMatch(expected)
    expect(await isThere(blob(hub))).toBe(false)
  })

  it('begin anew when the file changes half way', async () => {
    const hub = await startTestHub(repositories)
    const other = bytesOf(weights.length, 5)
    // First another file's beginning, then, as If-Range asks, the right file whole.
    hub.server.misbehaviours.push(atCdn((_request, response) => {
      response.writeHead(200, { 'content-length': other.length, etag: '"other"' })
      response.write(other.subarray(0, 60_000), () => response.destroy())
    }, 1))
    expect(await readFile(join(await hub.download(), 'model.safetensors'))).toEqual(weights)
    expect(hub.server.requests.filter((request) => request.startsWith('cdn')).length).toBe(2)
  })

  it('begin anew when a server forgets If-Range and goes on with another file', async () => {
    const hub = await startTestHub(repositories)
    const other = bytesOf(weights.length, 5)
    hub.server.misbehaviours.push(
      atCdn((_request, response) => {
        response.writeHead(200, { 'content-length': other.length, etag: '"other"' })
        response.write(other.subarray(0, 60_000), () => response.destroy())
      }, 1),
      atCdn((request, response, content) => {
        delete request.headers['if-range']
        sendRange(request, response, content, '"this"')
      }),
    )
    const checks = checksIn(hub)
    expect(await readFile(join(await checks.download, 'model.safetensors'))).toEqual(weights)
    expect(checks.count()).toBe(1)
  })

  it('are not continued after 416', async () => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(dropsAfter(50_000, 1), atCdn((_request, response) => void response.writeHead(416).end(), 1))
    expect(await readFile(join(await hub.download(), 'model.safetensors'))).toEqual(weights)
  })
})

describe('a download that is cancelled', () => {
  it('keeps what has come, and the next one goes on there', async () => {
    const hub = await startTestHub(repositories)
    const controller = new AbortController()
    hub.server.misbehaviours.push(atCdn((_request, response, content) => {
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.subarray(0, 100_000))
    }, 1))
    const report = ({ path, bytes }: { readonly path: string; readonly bytes: number }): void => {
      if (path === 'model.safetensors' && bytes > 90_000) controller.abort()
    }
    await expect(hub.download({}, report, controller.signal)).rejects.toBeInstanceOf(CancelledError)
    const begun = (await stat(`${blob(hub)}.incomplete`)).size
    expect(begun).toBeGreaterThan(50_000)
    expect(await isThere(`${blob(hub)}.lock`)).toBe(false)
    expect(await isThere(join(hub.cache, 'models--org--Tiny', 'refs'))).toBe(false)
    await hub.download()
    expect(hub.server.requests.at(-1)).toBe(`cdn GET /org/Tiny/model.safetensors bytes=${begun}-`)
  })

  it('while it waits for the hub ends at once', async () => {
    const hub = await startTestHub(repositories)
    const controller = new AbortController()
    hub.server.misbehaviours.push((request) => {
      if (!request.url?.startsWith('/api')) return false
      controller.abort()
      return true
    })
    await expect(hub.download({}, undefined, controller.signal)).rejects.toBeInstanceOf(CancelledError)
  })
})

describe('two downloads at once', () => {
  it('fetch a file once', async () => {
    const hub = await startTestHub(repositories)
    const notes = new Set<string | null>()
    const [first, second] = await Promise.all([hub.download({}, ({ note }) => notes.add(note)), hub.download({}, ({ note }) => notes.add(note))])
    expect(first).toBe(second)
    expect(await readFile(join(first, 'model.safetensors'))).toEqual(weights)
    expect(hub.server.requests.filter((request) => request.startsWith('cdn')).length).toBe(1)
    expect([...notes].filter((note) => note?.startsWith('waiting for process'))).not.toEqual([])
  })

  it.each([
    ['of a process that is gone', JSON.stringify({ host: hostname(), pid: 2 ** 30 }), 0],
    ['that nobody has touched for long', JSON.stringify({ host: 'elsewhere', pid: 1 }), 3_600_000],
    ['of which half was written', '{"ho', 0],
  ])('do not wait for a lock %s', async (_name, text, age) => {
    const hub = await startTestHub(repositories)
    await mkdir(join(hub.cache, 'models--org--Tiny', 'blobs'), { recursive: true })
    await writeFile(`${blob(hub)}.lock`, text)
    const time = new Date(Date.now() - age)
    await utimes(`${blob(hub)}.lock`, time, time)
    await hub.download()
    expect(hub.waits).toEqual([])
  })
})

describe('the disk', () => {
  it('is asked first, and the numbers are told', async () => {
    const hub = await startTestHub(repositories, { surroundings: { freeBytes: async () => 100_200_000 } })
    expect(await problemOf(hub.download())).toMatch(/^org\/Tiny needs 301 kB more, and the disk of .* has 100 MB free; make room, /)
    expect(hub.server.requests.filter((request) => request.includes('resolve') && !request.includes('config.json'))).toEqual([])
  })

  it('need not have room for what is there', async () => {
    let free = 1e12
    const hub = await startTestHub(repositories, { surroundings: { freeBytes: async () => free } })
    await hub.download()
    free = 0
    await hub.download()
  })
})

describe('the hub', () => {
  it.each([
    ['is asked again after Retry-After', answers('/resolve/', 429, { 'retry-after': '7' }, 1), 7_000],
    ['is asked again when it is out of order', answers('/resolve/', 503, {}, 1), 500],
  ])('%s', async (_name, misbehaviour, wait) => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(misbehaviour)
    await hub.download()
    expect(hub.waits).toEqual([wait])
  })

  it.each([
    [answers('/api/', 500), /^http.* is out of order \(500\); download again later/],
    [answers('/api/', 429), /was asked for too often \(429\); download again in some minutes; what is there is kept, and with a token/],
    [answers('/api/', 429, { 'retry-after': '3600' }), /too often \(429\); download again in 60 min/],
    [answers('/api/', 401), /^org\/Tiny does not exist, or is private \(401\); check the name/],
    [answers('/api/', 403, { 'x-error-code': 'GatedRepo' }), /^org\/Tiny is gated \(403\); accept its terms at http:.*\/org\/Tiny, then give a token/],
    [answers('/api/', 404), /^org\/Tiny does not exist \(404\); check the name/],
    [answers('/api/', 302, { location: '/api/again' }), /sends on without an end; check HF_ENDPOINT/],
    [answers('/api/', 302, { location: 'ftp://example.org/' }), /which is not safe; check HF_ENDPOINT/],
    [answers('/api/', 200), /answered in another form than the hub does/],
  ])('says what is wrong (%#)', async (misbehaviour, expected) => {
    const hub = await startTestHub(repositories)
    hub.server.misbehaviours.push(misbehaviour)
    expect(await problemOf(hub.plan())).toMatch(expected)
  })

  it('that is not there is named with a way out', async () => {
    const hub = await startTestHub(repositories)
    await hub.server.close()
    expect(await problemOf(hub.plan())).toMatch(/^http:.* cannot be reached \(nothing answers there\); check the connection/)
    expect(hub.waits).toEqual([500, 1000, 2000, 4000, 8000])
  })

  it('whose name is not known is an answer for those without a connection', async () => {
    const fetch = async (): Promise<Response> => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }) })
    }
    const hub = await startTestHub(repositories, { surroundings: { fetch } })
    expect(await problemOf(hub.plan())).toMatch(/cannot be reached \(its name is not known, which is so without a connection\)/)
  })

  it('is not asked when the user wants no connection', async () => {
    const hub = await startTestHub(repositories, { settings: { isOffline: true } })
    expect(await problemOf(hub.plan())).toMatch(/^HF_HUB_OFFLINE is set, so the hub is not asked; /)
    expect(hub.server.requests).toEqual([])
  })

  it('without this revision says so', async () => {
    const hub = await startTestHub(repositories)
    expect(await problemOf(hub.plan({ revision: 'v9' }))).toMatch(/^org\/Tiny has no such revision; /)
  })
})

describe('the token', () => {
  const secret = 'hf_abcdefgh'

  it('opens a gated repository and reaches no other host', async () => {
    const hub = await startTestHub(repositories, { settings: { token: secret }, server: { token: secret } })
    await hub.download()
    expect(hub.server.requests.some((request) => request.startsWith('cdn'))).toBe(true)
    expect(hub.server.tokensAtCdn).toEqual([])
  })

  it('is not sent where a listing leads either', async () => {
    const hub = await startTestHub(repositories, { settings: { token: secret }, server: { token: secret } })
    hub.server.misbehaviours.push((request, response) => {
      if (!request.url?.includes('/tree/') || request.url.includes('elsewhere')) return false
      response.writeHead(200, { 'content-type': 'application/json', link: `<${hub.server.cdn}/elsewhere/tree/>; rel="next"` }).end('[]')
      return true
    })
    await problemOf(hub.plan())
    expect(hub.server.requests.some((request) => request.startsWith('cdn'))).toBe(true)
    expect(hub.server.tokensAtCdn).toEqual([])
  })

  it('is asked for before a gated repository is planned', async () => {
    const hub = await startTestHub(repositories, { server: { token: secret, gated: true } })
    await expect(hub.plan()).rejects.toBeInstanceOf(AccessError)
    const opened = await startTestHub(repositories, { settings: { token: secret }, server: { token: secret, gated: true } })
    expect((await opened.plan()).bytesThere).toBe(0)
  })

  it('is asked for, and never told, when it does not do', async () => {
    const without = await startTestHub(repositories, { server: { token: secret } })
    expect(await problemOf(without.plan())).toMatch(/^org\/Tiny is gated \(401\); accept its terms at .*HF_TOKEN/)
    const wrong = await startTestHub(repositories, { settings: { token: 'hf_wrong' }, server: { token: secret } })
    const line = await problemOf(wrong.plan())
    expect(line).toMatch(/your token is not valid \(401\)/)
    expect(line).not.toContain('hf_wrong')
  })
})
