// Looks over JSON before it is parsed: how deep it is nested and how many members its objects have. A hostile text is found here in a fraction of the time that parsing takes.

export interface JsonScan {
  /** Greatest nesting of objects and lists. */
  readonly depth: number
  /** Members of objects by depth: index 1 for the outermost object's. */
  readonly members: readonly number[]
}

/** Depths of which members are counted. */
const COUNTED = 3

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Never fails; of bytes that are no JSON the result means nothing. */
export function scanJson(bytes: Uint8Array): JsonScan {
  const members = new Array<number>(COUNTED).fill(0)
  let depth = 0
  let deepest = 0
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]!) {
      case QUOTE:
        for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++
        break
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > deepest) deepest = depth
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
        break
      case COLON:
        if (depth > 0 && depth < COUNTED) members[depth]!++
    }
  }
  return { depth: deepest, members }
}
