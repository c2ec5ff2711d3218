// A download's plan in words, for the terminal and for the question in the editor.
import { byteText } from '../formats/byteText'
import { rangesText } from '../formats/rangesText'
import type { DownloadPlan } from '../protocol/download'

/** Lines: what it is, every file or a count of them, the sum, the disk. */
export function describePlan(plan: DownloadPlan): string[] {
  const { repository, revision, commit, kind, layout, layers, files, bytes, bytesThere, freeBytes, cache } = plan
  const what = kind === 'model' ? 'model' : `${layout} SAE set, ${layers.length === 1 ? 'layer' : 'layers'} ${rangesText(layers)}`
  const lines = [`${repository} at ${revision}${revision === commit ? '' : ` (${commit.slice(0, 7)})`}: ${what}`]
  for (const { path, size, bytesThere: there } of files) {
    const state = there === size ? '  there already' : there > 0 ? `  ${byteText(there)} there already` : ''
    lines.push(`  ${byteText(size).padStart(8)}  ${path}${state}`)
  }
  if (plan.problem !== null) lines.push(`Promptscope could not run it: ${plan.problem}`)
  const missing = bytes - bytesThere
  lines.push(missing === 0 ? `${byteText(bytes)}, all there already in ${cache}` : `${byteText(missing)} to download${bytesThere > 0 ? ` of ${byteText(bytes)}` : ''} into ${cache}, ${byteText(freeBytes)} free`)
  return lines
}
