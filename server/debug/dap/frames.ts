// The debug adapter protocol's framing: a JSON body behind a Content-Length header. A frame that cannot be read is reported and skipped, never waited on.
// https://microsoft.github.io/debug-adapter-protocol/overview#base-protocol

/** Longer messages are not believed; the largest that clients send are breakpoint lists, some kilobytes. */
const MAX_BODY_BYTES = 16 * 1024 * 1024
/** So many bytes without the end of a header are no header. */
const MAX_HEADER_BYTES = 8 * 1024

const HEADER_END = '\r\n\r\n'

export interface FrameReader {
  /** Takes the next bytes; every whole message in them is handed on before this returns. */
  push(chunk: Uint8Array): void
}

/** `onMessage` gets each parsed body; `onProblem` one sentence for what was skipped. */
export function createFrameReader(onMessage: (message: unknown) => void, onProblem: (problem: string) => void): FrameReader {
  let buffered: Buffer = Buffer.alloc(0)
  /** Of the body that comes next; null while a header does. */
  let bodyBytes: number | null = null

  function takeHeader(): boolean {
    const end = buffered.indexOf(HEADER_END)
    if (end < 0) {
      if (buffered.length <= MAX_HEADER_BYTES) return false
      onProblem(`skipped ${buffered.length - HEADER_END.length} bytes that are no header`)
      buffered = buffered.subarray(-HEADER_END.length)
      return false
    }
    const header = buffered.toString('latin1', 0, end)
    buffered = buffered.subarray(end + HEADER_END.length)
    bodyBytes = bodyLength(header)
    if (bodyBytes === null) onProblem(`skipped the header ${JSON.stringify(header.slice(-200))}, which gives no usable Content-Length`)
    return true
  }

  function takeBody(length: number): boolean {
    if (buffered.length < length) return false
    const body = buffered.toString('utf8', 0, length)
    buffered = buffered.subarray(length)
    bodyBytes = null
    const message = parse(body)
    if (message === undefined) onProblem(`skipped a message of ${length} bytes that is not JSON`)
    else onMessage(message)
    return true
  }

  return {
    push(chunk) {
      buffered = buffered.length === 0 ? Buffer.from(chunk) : Buffer.concat([buffered, chunk])
      while (bodyBytes === null ? takeHeader() : takeBody(bodyBytes)) {
        // Each turn takes a header or a body.
      }
    },
  }
}

/** A message as it is written to the stream. */
export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8')
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}${HEADER_END}`, 'latin1'), body])
}

/** Whatever stood before the header's last Content-Length was not ours to read. */
function bodyLength(header: string): number | null {
  const lengths = [...header.matchAll(/Content-Length:[ \t]*(\d{1,9})[ \t]*(?=\r\n|$)/gi)]
  const length = Number(lengths.at(-1)?.[1] ?? NaN)
  return length <= MAX_BODY_BYTES ? length : null
}

/** Undefined when it is not JSON, which JSON itself cannot say. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
