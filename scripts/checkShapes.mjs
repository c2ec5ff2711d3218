// `npm run check:shapes`: builds the graph of each Qwen-Scope backbone at its full size and depth, and has ONNX Runtime accept it. It took 154 s on two cores and 2 GB of memory.
import { runTool } from './command.mjs'

process.exitCode = await runTool('vitest/vitest.mjs', ['run', 'test/golden/fullSize', '--reporter=verbose'], { env: { PROMPTSCOPE_EVERY_LAYER: '1' } })
