// What F5 means when the launch configuration does not say it: which prompt file, and where to stand at the end.

/** A launch configuration as the user wrote it, or as empty as F5 without launch.json gives it. */
export interface Launch {
  readonly type: string
  readonly request: string
  readonly name: string
  readonly [field: string]: unknown
}

/** What is open in the editor and could be debugged. */
export type OpenPrompt =
  | { readonly kind: 'file'; readonly path: string }
  /** It is in no file yet, and the debugger reads files. */
  | { readonly kind: 'unsaved'; readonly uri: string }
  /** A run of a text that came from no file. */
  | { readonly kind: 'noFile'; readonly name: string }

export type CompletedLaunch =
  | { readonly kind: 'launch'; readonly launch: Launch }
  | { readonly kind: 'nothingOpen' }
  | { readonly kind: 'unsaved'; readonly uri: string }
  | { readonly kind: 'noFile'; readonly name: string }

/** The variable for the file in the active editor. In a run document it means the prompt of the run. */
const ACTIVE_FILE = '${file}'

/** Fills in what is missing. A configuration that names its prompt itself is only given its default for the end. */
export function completeLaunch(given: Partial<Launch>, open: OpenPrompt | null, type: string): CompletedLaunch {
  const launch: Launch = { stopAtEnd: true, ...given, type: given.type || type, request: given.request || 'launch', name: given.name || 'Debug this prompt' }
  const namesPrompt = [launch['text'], launch['tokenIds']].some((field) => field !== undefined) || (launch['program'] !== undefined && launch['program'] !== ACTIVE_FILE)
  if (namesPrompt) return { kind: 'launch', launch }
  if (open === null) return { kind: 'nothingOpen' }
  return open.kind === 'file' ? { kind: 'launch', launch: { ...launch, program: open.path } } : open
}

/** Fields that name a file or folder. */
const PATH_FIELDS = ['program', 'steer'] as const
const MODEL_FIELDS = ['model', 'sae'] as const

/** Writes paths out; called after the editor has put variables in. */
export function resolvePaths(launch: Launch, resolveFile: (path: string) => string, resolveModel: (name: string) => string): Launch {
  const resolved: Record<string, unknown> = {}
  for (const field of PATH_FIELDS) if (typeof launch[field] === 'string') resolved[field] = resolveFile(launch[field])
  for (const field of MODEL_FIELDS) if (typeof launch[field] === 'string') resolved[field] = resolveModel(launch[field])
  return { ...launch, ...resolved }
}

/** Whether a plain or Markdown text is kept as a prompt: by its name, or by the folder it is in. */
export function isPlainPromptPath(path: string): boolean {
  return /\.prompt\.md$/i.test(path) || /[\\/]prompts[\\/][^\\/]+\.(txt|md)$/i.test(path)
}
