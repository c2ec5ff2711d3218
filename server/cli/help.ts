// The help texts of the command line.

export const HELP = `Promptscope: a debugger for language models.

Usage: promptscope <command> [options]

  trace     run a prompt and show each token's probability and features
  suggest   run a prompt, look for a fault, and rank the features to suppress
  models    list the models found, whether they fit in memory, and their SAE sets
  precision measure what 8-bit or 4-bit weights cost in accuracy on a model
  cache     list, check and delete the quantised weights that were written to disk
  download  bring a model or an SAE set from the hub; the only command that opens a connection
  serve     speak the language server protocol or the debug adapter protocol to an editor

promptscope <command> --help tells more; promptscope --version says which this is. Exit codes: 0 done, 1 bad input, 2 usage, 130 interrupted.
`

const runOptions = (generate: number): string => `
Prompt
  PROMPT_FILE            .prompt, .prompty, .prompt.md, text or markdown; - reads stdin
  --text T               this text, as it is
  --token-ids 1,2,3      these tokens, as they are
  --raw | --chat         without, or with the chat template; files with roles use it by themselves

Model
  --model DIR|NAME       checkpoint folder, or Qwen/Qwen3-1.7B[@revision] in a cache; without it, the demo model and its SAEs
  --sae DIR|NAME         SAE set; without it, the set that belongs to the model, if one lies beside it or in a cache
  --precision P          exact (default), q8, q4 (approximate), or auto: the most precise that fits into free memory
  --providers A,B        execution providers in order of preference (default cpu)

Run
  --generate N           most tokens to generate (default: what the prompt file says, or ${generate})
  --temperature T        0 (default) is greedy
  --top-p P --top-k K    keep only the likeliest tokens (default: all)
  --seed S               of the sampling (default 0)
  --edit LINE            'L5/12 = 0' suppresses, '+= 20' boosts, '*= 0.5' scales; '@ generated' limits it; repeatable
  --steer FILE           edit lines from a file
  --layers 0,5|all       layers whose features are read (default all)`

export const TRACE_HELP = `Usage: promptscope trace [PROMPT_FILE | --text T | --token-ids 1,2,3] [options]

Runs a prompt and shows each token's probability and features; with edits, also what the model writes without them.
${runOptions(0)}

Output
  --top N                features per layer and token (default 10)
  --json                 one JSON document on stdout, nothing else there
  --reconstruction       how much of each layer's residual the SAE leaves unexplained; in --json per token
  --dump FILE            logits and resid_post of the layers as float32 safetensors
  --help                 this text
`

export const SUGGEST_HELP = `Usage: promptscope suggest [PROMPT_FILE | --text T | --token-ids 1,2,3] [options]

Runs a prompt, looks for a switch of script or a loop in what comes out, and ranks the features whose
suppression makes it less likely, each alone and all together. Ends with a command to try.
${runOptions(64)}

Output
  --top N                features that are proposed (default 5)
  --json                 one JSON document on stdout, nothing else there
  --help                 this text
`

export const MODELS_HELP = `Usage: promptscope models [options]

Lists the models in the caches of Hugging Face and ModelScope and in the folders named: architecture, size, whether each
precision fits this machine's memory and GPU, and the SAE sets that belong to them. HF_HOME, HF_HUB_CACHE and
MODELSCOPE_CACHE are honoured.

  --folder DIR           a folder to search; repeatable. PROMPTSCOPE_MODELS names more, separated like PATH
  --json                 one JSON document on stdout, nothing else there
  --help                 this text
`

export const PRECISION_HELP = `Usage: promptscope precision [--model DIR] [--precision q8|q4] [options]

Measures what 8-bit or 4-bit weights cost against exact ones, over a short text in several scripts: how far each
layer's residual is off, the share of the top features that is kept, and whether the next token stays the same. The
first use of a precision writes the quantised weights to disk. What was measured is kept with them and not measured again.

  --model DIR|NAME       checkpoint folder, or a repository in a cache; without it, the demo model and its SAEs
  --sae DIR|NAME         SAE set; without it, the set that belongs to the model
  --precision P          q8 (default) or q4
  --token-ids 1,2,3      measure over these tokens in place of the text; the result is not kept
  --again                measure again
  --json                 one JSON document on stdout, nothing else there
  --help                 this text
`

export const CACHE_HELP = `Usage: promptscope cache [list | verify | remove | clear] [ENTRY] [options]

Lists the quantised weights that q8 and q4 wrote to disk, with size, model and last use; checks them or deletes them.
They can be written again from the model's own files at any time.

  list                   the default
  verify [ENTRY]         compare with the checksums that were kept: one entry, or all
  remove ENTRY           delete one; ENTRY is its name as listed, or the beginning of it
  clear                  delete all
  --yes, -y              do not ask
  --json                 one JSON document on stdout, nothing else there
  --help                 this text

  PROMPTSCOPE_CACHE        another folder (default: promptscope in the system's folder for caches)
  PROMPTSCOPE_CACHE_LIMIT  most gigabytes; what was used least lately goes first
`

export const DOWNLOAD_HELP = `Usage: promptscope download REPOSITORY [options]

Brings a model or an SAE set from the Hugging Face hub into the cache that Python's libraries use too: only the files
that are needed. Shows them first and asks. A download that was interrupted goes on where it ended; every file's
checksum is compared. Prints the folder on stdout.

  REPOSITORY             Org/Name, for example Qwen/Qwen3-1.7B or Qwen/SAE-Res-Qwen3-1.7B-Base-W32K-L0_50
  --revision R           branch, tag or commit (default main)
  --layers 0,5|all       of an SAE set: the layers (default all)
  --folder DIR           of an SAE set: a folder of the repository; repeatable, where a layer has several SAEs
  --sae                  an SAE set is meant, nothing else
  --yes, -y              do not ask
  --json                 one JSON document on stdout, nothing else there
  --help                 this text

  HF_TOKEN               for gated and private repositories; sent to the hub only
  HF_ENDPOINT            another hub or mirror (default https://huggingface.co)
  HF_HUB_CACHE, HF_HOME  where the files are kept (default ~/.cache/huggingface)
  HF_HUB_OFFLINE=1       never ask the hub
`

export const SERVE_HELP = `Usage: promptscope serve --lsp --stdio
       promptscope serve --dap --stdio

Speaks the language server protocol over stdin and stdout until the editor says exit, or the debug adapter protocol for one session.
docs/debugging.md has what a launch may say.

  --lsp                  the language server
  --dap                  the debug adapter
  --stdio                over stdin and stdout
  --help                 this text
`
