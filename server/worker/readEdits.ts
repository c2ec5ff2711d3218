// Reads the edits that a command or a launch names: single lines and .steer files.
import { parseEditLine, parseSteerFile } from '../formats/editLine'
import { InputError } from '../protocol/errors'
import type { Edit } from '../protocol/values'
import { readTextFile } from './readTextFile'

/** One edit line; throws InputError with what is wrong with it. */
export function readEdit(line: string): Edit {
  const { edit, problem } = parseEditLine(line)
  if (problem) throw new InputError(problem.message, problem.remedy)
  return edit
}

/** The edits of a .steer file; throws InputError that names file and line of the first that cannot be read. */
export async function readSteerFile(path: string): Promise<Edit[]> {
  const text = await readTextFile('steer file', path)
  const { edits, problems } = parseSteerFile(text)
  const problem = problems[0]
  if (problem) throw new InputError(`${path}:${text.slice(0, problem.range.start).split('\n').length} ${problem.message}`, problem.remedy)
  return edits.map(({ edit }) => edit)
}
