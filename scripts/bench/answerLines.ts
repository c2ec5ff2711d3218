// The other end of contestant.ts: answers one job per line of JSON until the input ends, one after another.
import { createInterface } from 'node:readline'

/** `answer` may return nothing; what it throws is told as the job's error. */
export async function answerLines<Job>(answer: (job: Job) => Promise<unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      console.log(JSON.stringify({ result: (await answer(JSON.parse(line) as Job)) ?? null }))
    } catch (error) {
      console.log(JSON.stringify({ error: (error as Error).message }))
    }
  }
  process.exit(0)
}
