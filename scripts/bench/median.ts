// Measures several contestants in turn, so that what else the machine does hits all of them, and takes medians.

/** NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

type Contestants = { readonly [name: string]: (round: number) => Promise<unknown> }
type Results<Of extends Contestants> = { [name in keyof Of]: Awaited<ReturnType<Of[name]>>[] }

/** Runs each contestant once per round; what they return, by name, in the order of the rounds. */
export async function inTurn<Of extends Contestants>(rounds: number, contestants: Of): Promise<Results<Of>> {
  const results: Record<string, unknown[]> = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) for (const [name, contestant] of Object.entries(contestants)) results[name]!.push(await contestant(round))
  return results as Results<Of>
}
