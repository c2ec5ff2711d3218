// An engine process that the system kills when it reports the third generated token of its first run, as happens when memory runs out.
import { existsSync, writeFileSync } from 'node:fs'
import '../../server/engine/process/engineEntry'
import type { FromEngine } from '../../server/engine/process/engineMessages'

const send = process.send!.bind(process)
const mark = `${__filename}.died`
process.send = (message: FromEngine) => {
  const tokens = message.kind === 'event' && message.event.kind === 'tokens' ? message.event.tokens : []
  if (tokens.some(({ generated, index }) => generated && index >= 3) && !existsSync(mark)) {
    writeFileSync(mark, '')
    process.kill(process.pid, 'SIGKILL')
  }
  return send(message)
}
