// Writes the benchmarks' random model and SAE set and nothing more: `node scripts/runScript.mjs scripts/bench/makeFiles.ts FOLDER [tiny] [gguf]`.
import { resolve } from 'node:path'
import { benchFiles } from './benchFiles'
import { QWEN3_1_7B, TINY } from './modelShape'
import { GGUF_TYPES } from './writeGguf'

const [folder, ...words] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: node scripts/runScript.mjs scripts/bench/makeFiles.ts FOLDER [tiny] [gguf]')
const parts = ['model', 'sae', ...(words.includes('gguf') ? GGUF_TYPES : [])] as const
const started = performance.now()
const files = benchFiles(resolve(folder), words.includes('tiny') ? TINY : QWEN3_1_7B, parts, (line) => console.log(line))
console.log(`${files.model}\n${files.sae}\nready after ${((performance.now() - started) / 1000).toFixed(1)} s`)
