// The page of a panel: one script and one style sheet from dist/webview, nothing else may load or run.
import { randomBytes } from 'node:crypto'
import * as vscode from 'vscode'

/** HTML with a content security policy that allows only scripts with this page's own nonce. */
export function panelHtml(webview: vscode.Webview, extensionUri: vscode.Uri, name: string, title: string): string {
  const nonce = randomBytes(16).toString('base64')
  const file = (extension: string): string => webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webview', `${name}.${extension}`)).toString()
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `font-src ${webview.cspSource} data:`,
    `img-src ${webview.cspSource} data:`,
  ].join('; ')
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta property="csp-nonce" content="${nonce}">
  <link rel="stylesheet" href="${file('css')}" nonce="${nonce}">
  <title>${title}</title>
</head>
<body>
  <div id="${name}"></div>
  <script nonce="${nonce}" src="${file('js')}"></script>
</body>
</html>`
}
