// Opens what a launch names, with progress that the client can show and cancel.
import type { Progress } from '../../protocol/values'
import type { LaunchArguments } from '../launchArguments'
import type { DebuggedProgram, ProgramOpener } from '../program'
import type { Client } from './client'

export interface Opening {
  readonly opener: ProgramOpener
  readonly launch: LaunchArguments
  readonly client: Client
  /** The request that opens. */
  readonly requestSeq: number
  readonly progressId: string
  readonly sendEvent: (event: string, body?: object) => void
}

/** Throws what the opener throws: InputError, CancelledError. */
export async function openWithProgress({ opener, launch, client, requestSeq, progressId, sendEvent }: Opening, signal: AbortSignal): Promise<DebuggedProgram> {
  let hasStarted = false
  let lastText = ''
  const tell = ({ message, fraction }: Progress): void => {
    const percentage = fraction === null ? {} : { percentage: Math.round(fraction * 100) }
    const text = `${message} ${fraction === null ? '' : Math.round(fraction * 100)}`
    if (text === lastText) return
    if (!client.takesProgress) {
      // Without a place for progress, each step is told once.
      if (!lastText.startsWith(message)) sendEvent('output', { category: 'console', output: `${message}\n` })
    } else if (hasStarted) sendEvent('progressUpdate', { progressId, message, ...percentage })
    else sendEvent('progressStart', { progressId, title: 'Promptscope', requestId: requestSeq, cancellable: true, message, ...percentage })
    hasStarted = true
    lastText = text
  }
  try {
    return await opener.open(launch, tell, signal)
  } finally {
    if (hasStarted && client.takesProgress) sendEvent('progressEnd', { progressId })
  }
}
