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

/** Runs each contestant once per round; what they return, by name, in the order of the rounds. */
export async function inTurn<Name extends string, Result>(rounds: number, contestants: { readonly [name in Name]: (round: number) => Promise<Result> }): Promise<{ [name in Name]: Result[] }> {
  const names = Object.keys(contestants) as Name[]
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as { [name in Name]: Result[] }
  for (let round = 0; round < rounds; round++) for (const name of names) results[name].push(await contestants[name](round))
  return results
}
