// How a breakpoint on a feature is written: the feature alone, or with a bound that its activation must pass.

const FORM = /^\s*L\d+\/\d+\s*((>=?|<=?)\s*\d*\.?\d+\s*)?$/i

/** What is wrong with a name while it is typed; null when it is fine. The debugger itself has the last word. */
export function breakpointProblem(name: string): string | null {
  return name.trim() === '' || FORM.test(name) ? null : 'Write a feature, or a feature with a bound: L3/1021 or L3/1021 > 8.'
}
