// The theme variables that VS Code gives a webview, for four of its default themes; only those that the panel reads.
/** VS Code's four kinds of theme. */
export type ThemeName = 'dark' | 'light' | 'hc' | 'hc-light'

interface Theme {
  readonly kind: string
  readonly variables: Readonly<Record<string, string>>
}

const FONTS = { 'font-family': 'system-ui, "DejaVu Sans", "Noto Sans CJK SC", sans-serif', 'font-size': '13px', 'font-weight': 'normal', 'editor-font-family': '"DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace', 'editor-font-size': '14px' }

const DARK = {
  'promptscope-heat1': '#e5a50a1f', 'promptscope-heat2': '#e5a50a38', 'promptscope-heat3': '#e5860a52', 'promptscope-heat4': '#e5660a6b', 'promptscope-heat5': '#e5460a85', 'promptscope-heat6': '#e52a0aa3', 'promptscope-heatBorder': '#ffb454',
  ...FONTS, 'foreground': '#cccccc', 'editor-foreground': '#cccccc', 'editor-background': '#1f1f1f', 'descriptionForeground': '#9d9d9d', 'panel-border': '#2b2b2b', 'focusBorder': '#0078d4',
  'button-background': '#0078d4', 'button-foreground': '#ffffff', 'button-hoverBackground': '#026ec1', 'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc', 'button-secondaryHoverBackground': '#3c3c3c', 'button-border': '#ffffff12',
  'charts-orange': '#d18616', 'charts-blue': '#3794ff', 'charts-green': '#89d185', 'textLink-foreground': '#4daafc', 'editorWarning-foreground': '#cca700', 'errorForeground': '#f85149', 'list-hoverBackground': '#2a2d2e', 'editor-selectionBackground': '#264f78',
  'editorHoverWidget-background': '#202020', 'editorHoverWidget-foreground': '#cccccc', 'editorHoverWidget-border': '#454545', 'widget-shadow': '#0000005c', 'progressBar-background': '#0078d4', 'scrollbarSlider-background': '#79797966',
  'inputOption-activeBackground': '#2489db82', 'inputOption-activeBorder': '#2488db', 'toolbar-hoverBackground': '#5a5d5e50', 'inputValidation-errorBackground': '#5a1d1d', 'inputValidation-errorBorder': '#be1100', 'editorCursor-foreground': '#aeafad',
  'diffEditor-insertedTextBackground': '#9ccc2c33', 'diffEditor-removedTextBackground': '#ff000033',
}

const LIGHT = {
  'promptscope-heat1': '#f0b00026', 'promptscope-heat2': '#f0a00047', 'promptscope-heat3': '#f0880068', 'promptscope-heat4': '#f0700085', 'promptscope-heat5': '#ee5500a0', 'promptscope-heat6': '#e63c00b8', 'promptscope-heatBorder': '#a34700',
  ...FONTS, 'foreground': '#3b3b3b', 'editor-foreground': '#3b3b3b', 'editor-background': '#ffffff', 'descriptionForeground': '#616161', 'panel-border': '#e5e5e5', 'focusBorder': '#005fb8',
  'button-background': '#005fb8', 'button-foreground': '#ffffff', 'button-hoverBackground': '#0258a8', 'button-secondaryBackground': '#e5e5e5', 'button-secondaryForeground': '#3b3b3b', 'button-secondaryHoverBackground': '#cccccc', 'button-border': '#0000001a',
  'charts-orange': '#d18616', 'charts-blue': '#1a85ff', 'charts-green': '#388a34', 'textLink-foreground': '#005fb8', 'editorWarning-foreground': '#bf8803', 'errorForeground': '#f85149', 'list-hoverBackground': '#f2f2f2', 'editor-selectionBackground': '#add6ff',
  'editorHoverWidget-background': '#f8f8f8', 'editorHoverWidget-foreground': '#3b3b3b', 'editorHoverWidget-border': '#cecece', 'widget-shadow': '#00000029', 'progressBar-background': '#005fb8', 'scrollbarSlider-background': '#64646466',
  'inputOption-activeBackground': '#bed6ed', 'inputOption-activeBorder': '#005fb8', 'toolbar-hoverBackground': '#b8b8b850', 'inputValidation-errorBackground': '#f2dede', 'inputValidation-errorBorder': '#be1100', 'editorCursor-foreground': '#005fb8',
  'diffEditor-insertedTextBackground': '#9ccc2c40', 'diffEditor-removedTextBackground': '#ff000033',
}

const HIGH_CONTRAST = {
  'promptscope-heat1': '#00000000', 'promptscope-heat2': '#4d3a0080', 'promptscope-heat3': '#6b4700a0', 'promptscope-heat4': '#8a5200c0', 'promptscope-heat5': '#a85a00d8', 'promptscope-heat6': '#c66000ff', 'promptscope-heatBorder': '#ffd37a',
  ...FONTS, 'foreground': '#ffffff', 'editor-foreground': '#ffffff', 'editor-background': '#000000', 'descriptionForeground': '#ffffffb3', 'panel-border': '#6fc3df', 'focusBorder': '#f38518', 'contrastBorder': '#6fc3df', 'contrastActiveBorder': '#f38518',
  'button-foreground': '#ffffff', 'button-background': '', 'button-border': '#6fc3df', 'button-secondaryForeground': '#ffffff', 'charts-orange': '#d18616', 'charts-blue': '#3794ff', 'charts-green': '#89d185', 'textLink-foreground': '#21a6ff', 'editorWarning-foreground': '#ffd370', 'errorForeground': '#f48771',
  'editorHoverWidget-background': '#0c141f', 'editorHoverWidget-foreground': '#ffffff', 'editorHoverWidget-border': '#6fc3df', 'progressBar-background': '#6fc3df', 'scrollbarSlider-background': '#6fc3df99', 'inputOption-activeBackground': '#00000000', 'inputOption-activeBorder': '#6fc3df', 'inputValidation-errorBorder': '#6fc3df', 'inputValidation-errorBackground': '#000000',
}

const HIGH_CONTRAST_LIGHT = {
  'promptscope-heat1': '#ffffff00', 'promptscope-heat2': '#fff3d0ff', 'promptscope-heat3': '#ffe6a8ff', 'promptscope-heat4': '#ffd680ff', 'promptscope-heat5': '#ffc558ff', 'promptscope-heat6': '#ffb430ff', 'promptscope-heatBorder': '#7a3500',
  ...FONTS, 'foreground': '#292929', 'editor-foreground': '#292929', 'editor-background': '#ffffff', 'descriptionForeground': '#292929b3', 'panel-border': '#0f4a85', 'focusBorder': '#006bbd', 'contrastBorder': '#0f4a85', 'contrastActiveBorder': '#006bbd',
  'button-background': '#0f4a85', 'button-foreground': '#ffffff', 'button-border': '#0f4a85', 'button-secondaryBackground': '#ffffff', 'button-secondaryForeground': '#0f4a85', 'charts-orange': '#d18616', 'charts-blue': '#1a85ff', 'charts-green': '#374e06', 'textLink-foreground': '#0f4a85', 'editorWarning-foreground': '#895503', 'errorForeground': '#b5200d',
  'editorHoverWidget-background': '#ffffff', 'editorHoverWidget-foreground': '#292929', 'editorHoverWidget-border': '#0f4a85', 'progressBar-background': '#0f4a85', 'scrollbarSlider-background': '#0f4a8566', 'inputOption-activeBorder': '#0f4a85', 'inputValidation-errorBorder': '#0f4a85', 'inputValidation-errorBackground': '#ffffff',
}

/** Each theme's kind, as the class of the body, and its variables without `--vscode-`. */
export const THEMES: Readonly<Record<ThemeName, Theme>> = {
  'dark': { kind: 'vscode-dark', variables: DARK },
  'light': { kind: 'vscode-light', variables: LIGHT },
  'hc': { kind: 'vscode-high-contrast', variables: HIGH_CONTRAST },
  'hc-light': { kind: 'vscode-high-contrast-light', variables: HIGH_CONTRAST_LIGHT },
}
