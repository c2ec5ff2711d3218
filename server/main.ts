// The worker process: a language server over node IPC when an editor forked it, over stdio with `--stdio`.
import { resolve } from 'node:path'
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node'
import { startLanguageServer } from './worker/languageServer'

// Read by ONNX Runtime when it loads, which the engine process does later than this.
process.env.ORT_DISABLE_TELEMETRY = '1'

const connection = createConnection(ProposedFeatures.all)
// What a stray promise rejects with is a defect of ours, not a reason to take the user's runs down.
process.on('unhandledRejection', (reason) => connection.console.error(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)))

const demo = process.env.PROMPTSCOPE_DEMO ?? resolve(__dirname, '..', 'demo')
void startLanguageServer(connection, { engineEntry: resolve(__dirname, 'engine.js'), demo: { model: resolve(demo, 'model'), sae: resolve(demo, 'sae') } })
