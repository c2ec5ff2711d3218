// How numbers, sizes and names are written for people.

/** An activation with the digits that a person reads: `12.3`, `0.41`. */
export function activationText(activation: number): string {
  if (activation === 0) return '0'
  return Math.abs(activation) >= 100 ? activation.toFixed(0) : Math.abs(activation) >= 1 ? activation.toFixed(1) : activation.toPrecision(2)
}

/** `1 token`, `12 tokens`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

/** `38 MB`, `1.9 GB`. */
export function byteText(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`
}

/** `1.7 B parameters`, `3.2 M parameters`. */
export function parameterText(parameters: number): string {
  return parameters >= 1e9 ? `${(parameters / 1e9).toFixed(1)} B parameters` : `${(parameters / 1e6).toFixed(1)} M parameters`
}

/** The last part of a path of either kind of system. */
export function baseName(path: string): string {
  return /([^\\/]+)[\\/]*$/.exec(path)?.[1] ?? path
}

/** A model folder's name; with its parent's when it says nothing by itself: `demo/model`. */
export function modelName(path: string): string {
  const name = baseName(path)
  return name === 'model' ? path.split(/[\\/]+/).filter(Boolean).slice(-2).join('/') : name
}

/** Text that markdown shows as it is. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>$~]/g, '\\$&')
}
