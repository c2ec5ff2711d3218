// The framing of the debug adapter protocol: a Content-Length header, an empty line, and JSON in UTF-8, written to and read from any stream of bytes.

const HEADER_END = '\r\n\r\n'
// No header is longer; without a limit a stream that is something else would be collected for ever.
const LONGEST_HEADER = 4096

/** A message as bytes. */
export function frameMessage(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8')
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}${HEADER_END}`, 'ascii'), body])
}

/** Takes bytes in pieces of any size and hands over each message once it is whole. Throws on bytes that are no such message. */
export function createFrameReader(onMessage: (message: unknown) => void): (bytes: Buffer) => void {
  let pieces: Buffer[] = []
  let length = 0
  /** Bytes that must be there before it is worth looking again. */
  let wanted = 0
  let bodyLength: number | null = null

  const take = (count: number): Buffer => {
    const all = Buffer.concat(pieces, length)
    pieces = [all.subarray(count)]
    length -= count
    return all.subarray(0, count)
  }

  return (bytes) => {
    pieces.push(bytes)
    length += bytes.length
    while (length > 0 && length >= wanted) {
      if (bodyLength === null) {
        const all = Buffer.concat(pieces, length)
        pieces = [all]
        const end = all.indexOf(HEADER_END)
        if (end < 0 && length > LONGEST_HEADER) throw new Error('the debug adapter sent something that is no message')
        if (end < 0) return
        bodyLength = contentLength(all.toString('ascii', 0, end))
        take(end + HEADER_END.length)
        wanted = bodyLength
      } else {
        const body = take(bodyLength)
        bodyLength = null
        wanted = 0
        onMessage(JSON.parse(body.toString('utf8')))
      }
    }
  }
}

function contentLength(header: string): number {
  const [, digits] = /^content-length: *(\d+) *$/im.exec(header) ?? []
  if (digits === undefined) throw new Error('the debug adapter sent a message without its length')
  return Number(digits)
}
