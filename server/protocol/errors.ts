// The one kind of error whose text is meant for the user: bad input, named, with one way out.

/**
 * Bad input from the user or a file of theirs. Shown word for word in the editor and on the command line.
 *
 * `message` starts with the subject in lower case, carries the offending value and has no full stop
 * (`config.json architecture "GPT2LMHeadModel" is not supported`); `remedy` is one thing to do
 * (`choose a Qwen3 checkpoint`). Anything else that is thrown is a defect of ours.
 */
export class InputError extends Error {
  override readonly name: string = 'InputError'
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message)
  }
  /** The whole sentence, on one line. */
  get line(): string {
    return inputErrorLine(this.message, this.remedy)
  }
}

/** A residual stopped being made of numbers: of a strong edit, or damaged weights. */
export class NonFiniteError extends InputError {
  override readonly name = 'NonFiniteError'
  /** `layer` is the lowest at which it was so; null when that is not known. */
  constructor(
    message: string,
    remedy: string,
    readonly position: number,
    readonly layer: number | null,
  ) {
    super(message, remedy)
  }
}

/** Message and remedy as one line; also for errors that crossed a process border as plain data. */
export function inputErrorLine(message: string, remedy: string): string {
  return `${message}; ${remedy}`.replace(/\s+/g, ' ')
}

/** An error as plain data, the form in which it crosses a thread or process border. */
export interface ErrorData {
  readonly name: string
  readonly message: string
  readonly remedy?: string
  /** Of a NonFiniteError. */
  readonly place?: { readonly position: number; readonly layer: number | null }
}

export function toErrorData(error: unknown): ErrorData {
  if (error instanceof NonFiniteError) return { name: error.name, message: error.message, remedy: error.remedy, place: { position: error.position, layer: error.layer } }
  if (error instanceof InputError) return { name: error.name, message: error.message, remedy: error.remedy }
  if (error instanceof Error) return { name: error.name, message: error.message }
  return { name: 'Error', message: String(error) }
}

export function fromErrorData(data: ErrorData): Error {
  if (data.remedy !== undefined && data.place) return new NonFiniteError(data.message, data.remedy, data.place.position, data.place.layer)
  if (data.remedy !== undefined) return new InputError(data.message, data.remedy)
  return Object.assign(new Error(data.message), { name: data.name })
}

/** What a cancelled call rejects with, on both sides of every border. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError'
  constructor() {
    super('cancelled')
  }
}
