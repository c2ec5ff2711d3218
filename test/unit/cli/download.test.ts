// `promptscope download` as a user runs it, against a hub on loopback: what it prints where, and how it ends.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { atCdn, bytesOf, COMMIT, startHubServer, type HubServer } from '../hub/hubServer'
import { installCli, type Finished, type InstalledCli } from './installedCli'

const weights = bytesOf(3_000_000)
let cli: InstalledCli
let server: HubServer

beforeAll(async () => {
  cli = await installCli()
  server = await startHubServer({ 'org/Tiny': { 'config.json': '{}', 'model.safetensors': weights } })
})
afterAll(async () => {
  await server.close()
  cli.remove()
})

function download(args: readonly string[], cache: string, onStart?: (interrupt: () => void) => void): Promise<Finished> {
  const env = { HF_ENDPOINT: server.endpoint, HF_HUB_CACHE: join(cli.scratch, cache), HF_TOKEN: 'hf_secret', HF_HUB_OFFLINE: '' }
  return cli.run(['download', ...args], { env, ...(onStart ? { onStart } : {}) })
}

test('shows the plan, downloads after a yes, and ends with the folder and the next command', async () => {
  const folder = join(cli.scratch, 'a', 'models--org--Tiny', 'snapshots', COMMIT)
  const { code, stdout, stderr } = await download(['org/Tiny', '--yes'], 'a')
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${folder}\n` })
  expect(stderr).toMatch(/^org\/Tiny at main \(aaaaaaa\): model\n +1 kB {2}config.json\n +3 MB {2}model.safetensors\nPromptscope could not run it: org\/Tiny\/config.json has no model_type\n3 MB to download into .*, .* free\nNext: promptscope trace .* --model org\/Tiny\n$/)
  expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(weights)
  expect(server.tokensAtCdn).toEqual([])
  expect(stderr).not.toContain('hf_secret')

  const again = await download(['org/Tiny', '--json'], 'a')
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({ repository: 'org/Tiny', revision: 'main', commit: COMMIT, kind: 'model', path: folder, downloadedBytes: 0 })
})

test('without a yes and without a terminal downloads nothing', async () => {
  const { code, stdout, stderr } = await download(['org/Tiny'], 'b')
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/\npromptscope: download waits for a yes, and there is nobody to ask; add --yes to the command\n$/)
})

test('Ctrl-C keeps what is there, and the same command goes on from it', async () => {
  let interrupt = (): void => {}
  server.misbehaviours.push(atCdn((_request, response, content) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 1_000_000), () => interrupt())
  }, 1))
  const { code, stderr } = await download(['org/Tiny', '-y'], 'c', (stop) => (interrupt = stop))
  expect(code).toBe(130)
  expect(stderr).toMatch(/What has come is kept; the same command goes on from there.\npromptscope: interrupted\n$/)
  expect((await download(['org/Tiny', '-y'], 'c')).code).toBe(0)
})

test.each([
  [['org/Nowhere'], 1, /^promptscope: org\/Nowhere does not exist \(404\); check the name/],
  [['Nowhere'], 1, /^promptscope: repository "Nowhere" is no name on the hub; write it as Org\/Name/],
  [['org/Tiny', '--sae'], 1, /^promptscope: org\/Tiny holds no SAEs in a layout that is known/],
  [[], 2, /^promptscope: download takes a repository/],
  [['org/Tiny', 'org/Other'], 2, /^promptscope: download takes one repository, not also org\/Other/],
  [['org/Tiny', '--layers', 'x'], 2, /^promptscope: --layers takes whole numbers/],
])('%j ends with %d', async (args, expected, line) => {
  const { code, stdout, stderr } = await download(args, 'd')
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
  expect(stderr).toMatch(line)
})
