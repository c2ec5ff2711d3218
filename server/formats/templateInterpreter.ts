// Runs a chat template as transformers would: Python's texts of values and blanks, raise_exception, strftime_now, and limits that a hostile template meets.
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import { InputError } from '../protocol/errors'
import { quote } from './quote'

/** A template that has been read; `literals` are the texts it compares with or writes. */
export interface CompiledTemplate {
  readonly literals: readonly string[]
  /** Throws InputError when the template raises an exception, fails or does not come to an end. */
  render(variables: Readonly<Record<string, unknown>>): string
}

/** Steps of one rendering; the published templates take some hundreds per message. */
const STEP_LIMIT = 1_000_000
const RANGE_LIMIT = 10_000
const SOURCE_LIMIT = 1_000_000

const REMEDY = 'use the chat template that came with the model, or run the prompt in raw mode'

/** Throws InputError when the source is no template. */
export function compileTemplate(source: string): CompiledTemplate {
  if (source.length > SOURCE_LIMIT) throw new InputError(`chat template has ${source.length} characters, more than the limit of ${SOURCE_LIMIT}`, REMEDY)
  try {
    const tokens = tokenize(source, { lstrip_blocks: true, trim_blocks: true })
    const program = parse(tokens)
    const literals = tokens.filter(({ type }) => type === 'StringLiteral').map(({ value }) => value)
    return { literals: [...new Set(literals)].filter((literal) => literal !== ''), render: (variables) => run(program, variables) }
  } catch (error) {
    throw new InputError(`chat template cannot be read (${messageOf(error)})`, REMEDY)
  }
}

function run(program: ReturnType<typeof parse>, variables: Readonly<Record<string, unknown>>): string {
  const environment = new Environment()
  for (const [name, value] of Object.entries({ ...globals(), ...variables })) environment.set(name, value)
  try {
    const text: unknown = new PythonInterpreter(environment).run(program).value
    return text as string
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError(`chat template fails (${messageOf(error)})`, REMEDY)
  }
}

/** The names that transformers gives every template. */
function globals(): Record<string, unknown> {
  return {
    true: true, false: false, none: null, True: true, False: false, None: null,
    raise_exception: (message: unknown): never => {
      throw new InputError(`chat template refuses the prompt: ${quote(String(message), 200)}`, "change the prompt's messages, or run it in raw mode")
    },
    strftime_now: (format: unknown) => strftime(new Date(), String(format)),
    range: (...bounds: unknown[]) => range(bounds.filter((bound) => typeof bound === 'number')),
  }
}

type Runtime = ReturnType<Interpreter['evaluate']>
type Scope = Parameters<Interpreter['evaluate']>[1]
type Node = NonNullable<Parameters<Interpreter['evaluate']>[0]>

class PythonInterpreter extends Interpreter {
  private steps = 0

  override evaluate(statement: Node | undefined, scope: Scope): Runtime {
    if (++this.steps > STEP_LIMIT) throw new InputError(`chat template does not come to an end within ${STEP_LIMIT} steps`, REMEDY)
    return (statement && (this.evaluateStrip(statement, scope) ?? this.evaluateTextFilter(statement, scope))) ?? super.evaluate(statement, scope)
  }

  /** `text.strip()` and `text.strip('\n')`: the library's methods know other blanks than Python's and ignore the characters. Null for anything else. */
  private evaluateStrip(statement: Node, scope: Scope): Runtime | null {
    const { type, callee, args = [] } = statement as Node & { callee?: Node & { object?: Node; property?: Node & { value?: unknown } }; args?: Node[] }
    const method = callee?.property?.value
    if (type !== 'CallExpression' || args.length > 1 || (method !== 'strip' && method !== 'lstrip' && method !== 'rstrip')) return null
    const text: unknown = this.evaluate(callee!.object, scope).value
    const characters: unknown = args.length ? this.evaluate(args[0], scope).value : PYTHON_BLANKS
    if (typeof text !== 'string' || typeof characters !== 'string') return null
    return runtimeText(stripCharacters(text, characters, method))
  }

  /** `value | string` and `value | trim` of values that Python writes in its own way (True, None). Null for anything else. */
  private evaluateTextFilter(statement: Node, scope: Scope): Runtime | null {
    const { type, operand, filter } = statement as Node & { operand?: Node; filter?: Node & { value?: unknown } }
    const name = filter?.value
    if (type !== 'FilterExpression' || (name !== 'string' && name !== 'trim')) return null
    const runtime = this.evaluate(operand, scope)
    const text = pythonText(runtime)
    if (text !== null) return runtimeText(name === 'trim' ? stripCharacters(text, PYTHON_BLANKS, 'strip') : text)
    // Evaluated once only: a macro may count in a namespace.
    const withOperand = new Environment(scope)
    withOperand.setVariable('operand', runtime)
    return super.evaluate({ ...statement, operand: { type: 'Identifier', value: 'operand' } } as unknown as Node, withOperand)
  }
}

const runtimeText = (text: string): Runtime => new Environment().set('text', text)

/** What Python's str.strip removes; unlike JavaScript's trim, not the byte order mark. */
const PYTHON_BLANKS = ' \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'

/** Python's str of a text, a truth value or nothing; null for values that the library writes as Python does. */
function pythonText({ type, value }: Runtime): string | null {
  if (type === 'NullValue') return 'None'
  if (type === 'UndefinedValue') return ''
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return typeof value === 'string' ? value : null
}

function stripCharacters(text: string, characters: string, method: 'strip' | 'lstrip' | 'rstrip'): string {
  const points = [...text]
  let start = 0
  let end = points.length
  if (method !== 'rstrip') while (start < end && characters.includes(points[start]!)) start++
  if (method !== 'lstrip') while (end > start && characters.includes(points[end - 1]!)) end--
  return points.slice(start, end).join('')
}

function range(bounds: number[]): number[] {
  const [start, stop, step] = bounds.length < 2 ? [0, bounds[0] ?? 0, 1] : [bounds[0]!, bounds[1]!, bounds[2] ?? 1]
  const count = step === 0 ? Infinity : Math.max(0, Math.ceil((stop - start) / step))
  if (count > RANGE_LIMIT) throw new InputError(`chat template asks for a range of ${count} numbers, more than the limit of ${RANGE_LIMIT}`, REMEDY)
  return Array.from({ length: count }, (_, index) => start + index * step)
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** Python's strftime in the C locale, for the directives that templates use; others stay as they are. */
function strftime(date: Date, format: string): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  const directives: Readonly<Record<string, string>> = {
    Y: String(date.getFullYear()), m: two(date.getMonth() + 1), d: two(date.getDate()),
    B: MONTHS[date.getMonth()]!, b: MONTHS[date.getMonth()]!.slice(0, 3), A: DAYS[date.getDay()]!, a: DAYS[date.getDay()]!.slice(0, 3),
    H: two(date.getHours()), I: two(date.getHours() % 12 || 12), M: two(date.getMinutes()), S: two(date.getSeconds()),
    p: date.getHours() < 12 ? 'AM' : 'PM', y: two(date.getFullYear() % 100), '%': '%',
  }
  return format.replace(/%([A-Za-z%])/g, (directive, letter: string) => directives[letter] ?? directive)
}

function messageOf(error: unknown): string {
  return quote(error instanceof Error ? error.message : String(error), 200).slice(1, -1).replaceAll('\\"', '"')
}
