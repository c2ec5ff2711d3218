// A worker process whose engine computes nothing and stops after three generated tokens: something to kill in the middle of a run.
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node'
import { serveEditor } from '../../server/worker/serveEditor'
import { createFakeEngine } from '../unit/worker/fakeEngine'
import { fakeParts } from '../unit/worker/workerClient'

const engine = createFakeEngine()
engine.hold()
engine.release(3)
void serveEditor({ connection: createConnection(ProposedFeatures.all), ...fakeParts(engine) })
