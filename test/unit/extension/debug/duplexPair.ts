// Two streams of which each gives what the other was given, like the two ends of a socket.
import { Duplex } from 'node:stream'

export function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = []
  const make = (other: () => Duplex): Duplex => {
    const end = new Duplex({
      read: () => undefined,
      write: (bytes: Buffer, _encoding, done) => {
        if (!other().destroyed) other().push(bytes)
        done()
      },
      destroy: (error, done) => {
        if (!other().destroyed) setImmediate(() => void other().destroy())
        done(error)
      },
    })
    ends.push(end)
    return end
  }
  return [make(() => ends[1]!), make(() => ends[0]!)]
}
