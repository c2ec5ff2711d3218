// The two ways of counting lines and columns as two types, so that neither is taken for the other.

/** Inside the debugger: both 0-based, columns in UTF-16 code units, as VS Code counts. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

/** As the client of the debug adapter counts; it says at `initialize` what it begins with. */
export interface ClientPosition {
  readonly clientLine: number
  readonly clientColumn: number
}

/** What a client begins to count with: 1 unless it says otherwise. */
export interface ClientCounting {
  readonly linesStartAt1: boolean
  readonly columnsStartAt1: boolean
}

export function toClient({ line, column }: TextPosition, { linesStartAt1, columnsStartAt1 }: ClientCounting): ClientPosition {
  return { clientLine: line + Number(linesStartAt1), clientColumn: column + Number(columnsStartAt1) }
}

export function fromClient({ clientLine, clientColumn }: ClientPosition, { linesStartAt1, columnsStartAt1 }: ClientCounting): TextPosition {
  return { line: clientLine - Number(linesStartAt1), column: clientColumn - Number(columnsStartAt1) }
}
