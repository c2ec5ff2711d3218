// Other programs that are measured: asked in lines of JSON, and a word of theirs when they fail or end.
import { afterEach, describe, expect, it } from 'vitest'
import { openContestant, type Contestant } from '../../../scripts/bench/contestant'
import { processMemory } from '../../../scripts/bench/processMemory'

const ECHO = `
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { job, value } = JSON.parse(line)
    if (job === 'die') { console.error('out of paper'); process.exit(3) }
    console.log('talk that is no answer')
    console.log(JSON.stringify(job === 'fail' ? { error: 'no such thing' } : { result: value }))
  })`

let contestant: Contestant
afterEach(() => contestant.close())

describe('a contestant', () => {
  it('answers one job after another', async () => {
    contestant = openContestant(process.execPath, ['-e', ECHO])
    expect(await contestant.ask({ job: 'echo', value: [1, 2] })).toEqual([1, 2])
    expect(await contestant.ask({ job: 'echo', value: null })).toBeNull()
  })

  it('says what went wrong, and goes on', async () => {
    contestant = openContestant(process.execPath, ['-e', ECHO])
    await expect(contestant.ask({ job: 'fail' })).rejects.toThrow('no such thing')
    expect(await contestant.ask({ job: 'echo', value: 1 })).toBe(1)
  })

  it('that ends while it is asked rejects with its last words, and so does every later job', async () => {
    contestant = openContestant(process.execPath, ['-e', ECHO])
    await expect(contestant.ask({ job: 'die' })).rejects.toThrow(/ended \(code 3\): out of paper$/)
    await expect(contestant.ask({ job: 'echo' })).rejects.toThrow(/has ended: out of paper$/)
  })

  it('that is not there rejects', async () => {
    contestant = openContestant('/nowhere/python3', [])
    await expect(contestant.ask({ job: 'echo' })).rejects.toThrow(/ENOENT/)
  })

  it('holds memory of its own, where the system tells', async () => {
    contestant = openContestant(process.execPath, ['-e', ECHO])
    await contestant.ask({ job: 'echo', value: 1 })
    const [alone, together] = [processMemory(contestant.pid), processMemory(process.pid)]
    expect(alone === null || (alone.now > 1e6 && alone.peak >= alone.now && together!.now > alone.now)).toBe(true)
  })
})
