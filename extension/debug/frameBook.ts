// What the adapter last said about stack frames: where each stands in its source, and which layer it is, so that the editor can mark it.
import type { DebugProtocol } from '@vscode/debugprotocol'

/** A frame with its place; lines and columns from 1, `endColumn` exclusive, as the editor's protocol has them. */
export interface FramePlace {
  readonly frameId: number
  /** Path of the prompt file or address of the run document. */
  readonly path: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  /** The frame's words: `" moon" · token 12`, `layer 3`. */
  readonly name: string
}

export interface FrameBook {
  /** Takes note of a response to `stackTrace`. */
  note(response: DebugProtocol.Response): void
  find(frameId: number): FramePlace | undefined
}

// Frames of one stop are few; ids of earlier stops mean nothing any more.
const FRAMES_KEPT = 2_000

export function createFrameBook(): FrameBook {
  const frames = new Map<number, FramePlace>()
  return {
    note: ({ command, success, body }) => {
      if (command !== 'stackTrace' || !success) return
      for (const place of placesOf(body)) {
        frames.delete(place.frameId)
        frames.set(place.frameId, place)
      }
      for (const oldest of frames.keys()) {
        if (frames.size <= FRAMES_KEPT) break
        frames.delete(oldest)
      }
    },
    find: (frameId) => frames.get(frameId),
  }
}

/** `layer 3` of the frame of a layer; null for the frame of a token. */
export function layerWords(frameName: string): string | null {
  return /^layer \d+/i.exec(frameName)?.[0].toLowerCase() ?? null
}

/** The frames with a place, of the body of a response to `stackTrace`. */
export function placesOf(body: unknown): readonly FramePlace[] {
  const { stackFrames = [] } = (body ?? {}) as Partial<DebugProtocol.StackTraceResponse['body']>
  return stackFrames.flatMap(({ id, name, source, line, column, endLine = line, endColumn = column }) =>
    source?.path === undefined ? [] : [{ frameId: id, path: source.path, line, column, endLine, endColumn, name }],
  )
}

/** Whether a document has the text in which a frame stands. `lengthOf` gives the length of a line, from 0, or null when there is none. */
export function reaches({ endLine, endColumn }: Pick<FramePlace, 'endLine' | 'endColumn'>, lengthOf: (line: number) => number | null): boolean {
  const length = lengthOf(endLine - 1)
  return length !== null && length >= endColumn - 1
}

/** The same for a text that is in no editor yet. */
export function reachesInText(place: Pick<FramePlace, 'endLine' | 'endColumn'>, text: string): boolean {
  const lines = text.split(/\r\n|\r|\n/)
  return reaches(place, (line) => lines[line]?.length ?? null)
}
