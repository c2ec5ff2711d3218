// Leads from the UTF-8 bytes of a normalised text back to the characters of the text as it was written.

/** How the bytes of a normalised text follow from the original text, in order and without gaps. */
export interface ByteAlignment {
  /** Bytes of the normalised text. */
  readonly byteCount: number
  /** The UTF-16 offset in the original up to which everything is complete once the first `bytes` bytes have been seen. Must not decrease from call to call. */
  offsetAfter(bytes: number): number
}

/**
 * Aligns `original` with `normalised`, which a Unicode normalisation form made of it. A character that the form leaves
 * alone is its own unit; where it composes or reorders, the base character and its marks are one unit.
 */
export function alignBytes(original: string, normalised: string, normalise: (text: string) => string): ByteAlignment {
  const units = original === normalised ? characters(original) : clusters(original, normalised, normalise)
  let unit = 0
  return {
    byteCount: units.at(-1)?.bytes ?? 0,
    offsetAfter: (bytes) => {
      while (unit < units.length && units[unit]!.bytes <= bytes) unit++
      return units[unit - 1]?.offset ?? 0
    },
  }
}

/** The end of a unit, in bytes of the normalised and in UTF-16 units of the original text. */
interface UnitEnd {
  readonly bytes: number
  readonly offset: number
}

function characters(text: string): UnitEnd[] {
  const ends: UnitEnd[] = []
  let bytes = 0
  let offset = 0
  for (const character of text) ends.push({ bytes: (bytes += utf8Length(character)), offset: (offset += character.length) })
  return ends
}

/** A base character with its marks, or a Hangul syllable in any spelling: what canonical composition never crosses. */
const CLUSTER = /(?:[\u1100-\u115f\ua960-\ua97c]*[\uac00-\ud7a3]?[\u1160-\u11ff\ud7b0-\ud7fb]+|[^])\p{M}*/gu

function clusters(original: string, normalised: string, normalise: (text: string) => string): UnitEnd[] {
  const ends: UnitEnd[] = []
  let bytes = 0
  let offset = 0
  let rebuilt = ''
  for (const [cluster] of original.matchAll(CLUSTER)) {
    const written = normalise(cluster)
    rebuilt += written
    if (written === cluster) for (const end of characters(cluster)) ends.push({ bytes: bytes + end.bytes, offset: offset + end.offset })
    else ends.push({ bytes: bytes + utf8Length(written), offset: offset + cluster.length })
    bytes += utf8Length(written)
    offset += cluster.length
  }
  // A normaliser that works across clusters leaves one unit: coarse, but never wrong.
  return rebuilt === normalised ? ends : [{ bytes: utf8Length(normalised), offset: original.length }]
}

/** Bytes of the text in UTF-8; a lone surrogate counts as U+FFFD, which is how it is encoded. */
function utf8Length(text: string): number {
  let length = 0
  for (const character of text) {
    const code = character.codePointAt(0)!
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return length
}
