// The requests that the debug adapter answers, each with the body of its answer. Types only.
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { debugBranches, debugLineValues, debugTokenAt, nameDebugBranch, DebugRequestName } from '../../protocol/debugRequests'

type BodyOf<Name> = Name extends DebugRequestName<never, infer Body> ? Body : never

/** By command; `undefined` is an answer without a body. */
export interface ResponseBodies {
  'initialize': DebugProtocol.Capabilities
  'launch': undefined
  'configurationDone': undefined
  'restart': undefined
  'terminate': undefined
  'disconnect': undefined
  'threads': DebugProtocol.ThreadsResponse['body']
  'stackTrace': DebugProtocol.StackTraceResponse['body']
  'scopes': DebugProtocol.ScopesResponse['body']
  'variables': DebugProtocol.VariablesResponse['body']
  'setVariable': DebugProtocol.SetVariableResponse['body']
  'setExpression': DebugProtocol.SetExpressionResponse['body']
  'evaluate': DebugProtocol.EvaluateResponse['body']
  'completions': DebugProtocol.CompletionsResponse['body']
  'continue': DebugProtocol.ContinueResponse['body']
  'pause': undefined
  'next': undefined
  'stepIn': undefined
  'stepInTargets': DebugProtocol.StepInTargetsResponse['body']
  'stepOut': undefined
  'stepBack': undefined
  'reverseContinue': undefined
  'restartFrame': undefined
  'goto': undefined
  'gotoTargets': DebugProtocol.GotoTargetsResponse['body']
  'setBreakpoints': DebugProtocol.SetBreakpointsResponse['body']
  'setFunctionBreakpoints': DebugProtocol.SetFunctionBreakpointsResponse['body']
  'setDataBreakpoints': DebugProtocol.SetDataBreakpointsResponse['body']
  'dataBreakpointInfo': DebugProtocol.DataBreakpointInfoResponse['body']
  'setExceptionBreakpoints': DebugProtocol.SetExceptionBreakpointsResponse['body']
  'breakpointLocations': DebugProtocol.BreakpointLocationsResponse['body']
  'exceptionInfo': DebugProtocol.ExceptionInfoResponse['body']
  'modules': DebugProtocol.ModulesResponse['body']
  'loadedSources': DebugProtocol.LoadedSourcesResponse['body']
  'source': DebugProtocol.SourceResponse['body']
  'readMemory': DebugProtocol.ReadMemoryResponse['body']
  'cancel': undefined
  'promptscope/branches': BodyOf<typeof debugBranches>
  'promptscope/nameBranch': BodyOf<typeof nameDebugBranch>
  'promptscope/lineValues': BodyOf<typeof debugLineValues>
  'promptscope/tokenAt': BodyOf<typeof debugTokenAt>
}

export type Command = keyof ResponseBodies
