// What a debug launch says about the run, in the form in which settings and front matter say it too.
import type { LaunchArguments } from '../debug/launchArguments'
import { parseFeature } from '../formats/editLine'
import { quote } from '../formats/quote'
import { InputError } from '../protocol/errors'
import type { FeatureId } from '../protocol/values'
import type { RunChoices } from '../runs/runSettings'
import { readEdit, readSteerFile } from './readEdits'

/** Reads the .steer file; the edits of the lines follow its own. Throws InputError for edits that cannot be read. */
export async function readLaunchChoices(launch: LaunchArguments): Promise<RunChoices> {
  const { generate, temperature, topP, topK, seed, edits, steer } = launch
  const steered = steer === null ? [] : await readSteerFile(steer)
  return {
    ...(generate !== null && { generate }),
    ...(temperature !== null && { temperature }),
    ...(topP !== null && { topP }),
    ...(topK !== null && { topK }),
    ...(seed !== null && { seed }),
    ...(launch.layers !== null && { layers: launch.layers === 'all' ? [] : launch.layers }),
    edits: [...steered, ...edits.map(readEdit)],
  }
}

/** The features that a launch wants pinned; throws InputError for a name that is none. */
export function readLaunchPins({ pins }: LaunchArguments): FeatureId[] {
  return pins.map((name) => {
    const feature = parseFeature(name)
    if (!feature) throw new InputError(`pin ${quote(name)} is not a feature`, 'write a layer and a feature index such as L14/6159')
    return feature
  })
}
