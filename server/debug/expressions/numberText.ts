// Numbers of the debugger as text: plain, so that what is shown can be written into a condition.

/** An activation with three significant digits, below 1e21 never in scientific notation: `31.2`, `0.08`, `1240`; the same as in the editor's hovers. */
export function activationText(activation: number): string {
  if (activation === 0) return '0'
  const decimals = Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(activation)))))
  return activation.toFixed(decimals)
}

/** A probability, 0 to 1, with three significant digits: `0.42`, `0.0013`, `1`. */
export function probabilityText(probability: number): string {
  return shortest(probability, 3)
}

/** Any other number: whole ones whole, else with four significant digits. */
export function numberText(number: number): string {
  return Number.isInteger(number) ? String(number + 0) : shortest(number, 4)
}

function shortest(number: number, digits: number): string {
  return String(Number(number.toPrecision(digits)))
}
