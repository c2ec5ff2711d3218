// Joins the language server to the engine process, the checkpoint reader and the demo model of this installation.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from 'vscode-languageserver/node'
import { findModels } from '../checkpoint/findModels'
import { locateModel } from '../checkpoint/locateModel'
import { memoryNow, thisMachine } from '../checkpoint/machine'
import { cachedRepositories } from '../checkpoint/modelCaches'
import { openCheckpoint } from '../checkpoint/openCheckpoint'
import { openPromptModel } from '../checkpoint/openPromptModel'
import { choosePrecision } from '../checkpoint/precisionFit'
import { createEngineProcess } from '../engine/process/engineProcess'
import { LABELS_FILE, parseFeatureLabels, type FeatureLabels } from '../features/describe'
import { preparePrompt } from '../runs/preparePrompt'
import { createRunRecorder } from '../runs/runDetail'
import { isMissing } from '../store/atomicFile'
import { fileNameOf } from '../editor/fileName'
import { createDownloadService } from './downloadService'
import type { PromptReader } from './promptReader'
import { createQuantisedStore } from './quantisedStore'
import { readPrecisionChoices } from './readPrecisionChoices'
import { serveEditor } from './serveEditor'

/** Where the parts of an installation lie. */
export interface Installation {
  /** The bundled engine process, dist/engine.js. */
  readonly engineEntry: string
  /** The demo model and its SAE set. */
  readonly demo: { readonly model: string; readonly sae: string }
}

/** Serves one editor over the connection; resolves when the editor has shut the server down. Loads nothing before it is asked to. */
export function startLanguageServer(connection: Connection, { engineEntry, demo }: Installation): Promise<void> {
  const quantised = createQuantisedStore()
  const onDeath = new Set<(reason: Error) => void>()
  return serveEditor({
    connection,
    engine: createEngineProcess(engineEntry, (reason) => onDeath.forEach((listener) => listener(reason))),
    onEngineDeath: (listener) => void onDeath.add(listener),
    locateModel: (settings) => locateModel(settings, demo),
    precisions: {
      choose: async (modelPath) => choosePrecision(await openCheckpoint(modelPath), (await memoryNow()).availableBytes),
      choices: (location) => readPrecisionChoices(location, quantised),
      store: quantised,
      openExactEngine: () => createEngineProcess(engineEntry),
      log: (message) => connection.console.warn(message),
    },
    openPromptReader,
    readLabels,
    downloads: createDownloadService(),
    listModels: async ({ modelFolders }) => quantised.listingsWithStored(await findModels({ demo: demo.model, folders: modelFolders, caches: await cachedRepositories() }, await thisMachine())),
  })
}

async function openPromptReader(modelPath: string): Promise<PromptReader> {
  // An architecture that is not supported says more than a tokenizer that is missing, so the weights' headers are read first.
  const { config } = await openCheckpoint(modelPath)
  const promptModel = { ...(await openPromptModel(modelPath)), contextLength: config.contextLength }
  return {
    promptModel,
    read: (promptUri, text) => preparePrompt({ fileName: fileNameOf(promptUri), text, promptModel, mode: 'auto' }),
    display: (id) => promptModel.tokenizer.display(id),
    createRecorder: (header, prompt) => createRunRecorder(header, prompt, promptModel.tokenizer),
  }
}

/** Labels are a convenience: a set without the file has features without words. */
async function readLabels(saePath: string): Promise<FeatureLabels> {
  const file = join(saePath, LABELS_FILE)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  return text === null ? new Map() : parseFeatureLabels(text, file)
}
