// What a refusal says: its message and remedy on one line.

/** The line of the InputError that `action` throws; fails when it throws none. */
export function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return (error as { readonly line: string }).line
  }
  throw new Error('nothing was refused')
}
