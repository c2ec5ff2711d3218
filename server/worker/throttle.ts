// Calls a function at most once per interval; the last request is never lost.

export interface Throttle {
  /** Acts now, or once the interval since the last time is over. */
  request(): void
  /** Forgets what waits. */
  cancel(): void
}

/** `act` runs at once for the first request and then at most every `intervalMs`, plus `restFactor` times as long as it took itself. */
export function createThrottle(intervalMs: number, act: () => void | Promise<void>, restFactor = 0): Throttle {
  let isResting = false
  let isWanted = false

  async function run(): Promise<void> {
    isResting = true
    try {
      while (isWanted) {
        isWanted = false
        const started = performance.now()
        await act()
        await new Promise((resolve) => setTimeout(resolve, intervalMs + restFactor * (performance.now() - started)).unref())
      }
    } finally {
      isResting = false
    }
  }

  return {
    request() {
      isWanted = true
      if (!isResting) void run()
    },
    cancel() {
      isWanted = false
    },
  }
}
