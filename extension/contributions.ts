// Everything that package.json contributes, as typed constants: commands, views, settings, context keys, colours, languages. A rule test compares the two.

/** Every command, by the name of its handler. */
export const Command = {
  runPrompt: 'promptscope.runPrompt',
  cancelRun: 'promptscope.cancelRun',
  rerun: 'promptscope.rerun',
  debugPrompt: 'promptscope.debugPrompt',
  breakWhenFires: 'promptscope.breakWhenFires',
  nameBranch: 'promptscope.nameBranch',
  compareBranches: 'promptscope.compareBranches',
  openBranch: 'promptscope.openBranch',
  suppressFromHere: 'promptscope.suppressFromHere',
  boostFromHere: 'promptscope.boostFromHere',
  forceToken: 'promptscope.forceToken',
  openRun: 'promptscope.openRun',
  diffRuns: 'promptscope.diffRuns',
  deleteRun: 'promptscope.deleteRun',
  restoreRun: 'promptscope.restoreRun',
  suppressFeature: 'promptscope.suppressFeature',
  boostFeature: 'promptscope.boostFeature',
  clampFeature: 'promptscope.clampFeature',
  pinFeature: 'promptscope.pinFeature',
  unpinFeature: 'promptscope.unpinFeature',
  suggestSuppressions: 'promptscope.suggestSuppressions',
  checkSaeFit: 'promptscope.checkSaeFit',
  readAllLayers: 'promptscope.readAllLayers',
  addEditLine: 'promptscope.addEditLine',
  editFeatureStrength: 'promptscope.editFeatureStrength',
  toggleEdit: 'promptscope.toggleEdit',
  removeEdit: 'promptscope.removeEdit',
  clearEdits: 'promptscope.clearEdits',
  undoEdit: 'promptscope.undoEdit',
  importEdits: 'promptscope.importEdits',
  exportEdits: 'promptscope.exportEdits',
  showFeature: 'promptscope.showFeature',
  hideHeat: 'promptscope.hideHeat',
  openScope: 'promptscope.openScope',
  selectModel: 'promptscope.selectModel',
  downloadModel: 'promptscope.downloadModel',
  setHubToken: 'promptscope.setHubToken',
  clearHubToken: 'promptscope.clearHubToken',
  selectPrecision: 'promptscope.selectPrecision',
  measurePrecision: 'promptscope.measurePrecision',
  clearQuantised: 'promptscope.clearQuantised',
  verifyQuantised: 'promptscope.verifyQuantised',
  loadModel: 'promptscope.loadModel',
  unloadModel: 'promptscope.unloadModel',
  restartWorker: 'promptscope.restartWorker',
  showActions: 'promptscope.showActions',
  showLog: 'promptscope.showLog',
  copyDiagnostics: 'promptscope.copyDiagnostics',
  openWalkthrough: 'promptscope.openWalkthrough',
  openSamplePrompt: 'promptscope.openSamplePrompt',
} as const

export type CommandName = keyof typeof Command

export const View = {
  model: 'promptscope.model',
  edits: 'promptscope.edits',
  runs: 'promptscope.runs',
} as const

/** Settings without their prefix, as `getConfiguration('promptscope')` takes them. */
export const Setting = {
  model: 'model',
  sae: 'sae',
  precision: 'precision',
  providers: 'providers',
  layers: 'layers',
  generate: 'generate',
  temperature: 'temperature',
  topP: 'topP',
  topK: 'topK',
  seed: 'seed',
  modelFolders: 'modelFolders',
  cacheLimit: 'cacheLimit',
  openDiffAfterRerun: 'openDiffAfterRerun',
  trace: 'trace.server',
} as const

export const SETTINGS_SECTION = 'promptscope'

/** What `when` clauses may ask. */
export const ContextKey = {
  /** `none`, `loading`, `ready` or `failed`; unset until the worker has answered. */
  model: 'promptscope.modelState',
  running: 'promptscope.running',
  hasRuns: 'promptscope.hasRuns',
  hasEdits: 'promptscope.hasEdits',
  canUndoEdit: 'promptscope.canUndoEdit',
  canRestoreRun: 'promptscope.canRestoreRun',
  heatShown: 'promptscope.heatShown',
  /** The run in the active editor is going on. */
  activeRunIsRunning: 'promptscope.activeRunIsRunning',
  /** The run in the active editor is a re-run and can be compared. */
  activeRunHasOriginal: 'promptscope.activeRunHasOriginal',
  /** A token has been hovered once: a step of the walkthrough. */
  tokenHovered: 'promptscope.tokenHovered',
  /** A prompt has been debugged once: a step of the walkthrough. */
  hasDebugged: 'promptscope.hasDebugged',
  /** The active editor shows a plain or Markdown text that is a prompt, so that it can have breakpoints. */
  activeIsPlainPrompt: 'promptscope.activeIsPlainPrompt',
} as const

/** `contextValue` of tree items: which menus a row has. */
export const RowKind = {
  run: 'promptscope.row.run',
  runWithOriginal: 'promptscope.row.run.rerun',
  runRunning: 'promptscope.row.run.running',
  /** A branch that is being debugged. */
  runDebugged: 'promptscope.row.run.debugged',
  runDebuggedWithOriginal: 'promptscope.row.run.debugged.rerun',
  prompt: 'promptscope.row.prompt',
  edit: 'promptscope.row.edit',
  pin: 'promptscope.row.pin',
} as const

export const Language = {
  prompt: 'promptscope-prompt',
  steer: 'promptscope-steer',
  run: 'promptscope-run',
} as const

/** The type of our launch configurations. */
export const DEBUG_TYPE = 'promptscope'

/** Theme colours, weakest heat first. */
export const Colour = {
  heat: ['promptscope.heat1', 'promptscope.heat2', 'promptscope.heat3', 'promptscope.heat4', 'promptscope.heat5', 'promptscope.heat6'],
  heatBorder: 'promptscope.heatBorder',
  completionBackground: 'promptscope.completionBackground',
  completionMarker: 'promptscope.completionMarker',
  currentToken: 'promptscope.currentTokenBackground',
  currentTokenBorder: 'promptscope.currentTokenBorder',
} as const

export const SCOPE_PANEL = 'promptscope.scope'
export const WALKTHROUGH = 'promptscope.promptscope#getStarted'
