// Options that the command line and the environment both have: described once, for the parser, --help and docs/operations.md.
//
// An environment variable is the option's name in capitals after SLUICE_. Empty counts as not set, as compose files leave it
// so. The command line has the last word.
import { Command, InvalidArgumentError, Option } from 'commander';

export interface OptionSpec {
  /** As commander takes them: `-p, --port <port>`. */
  flags: string;
  help: string;
  /** What holds when it is not given. */
  value?: unknown;
  /** How --help names that. */
  valueText?: string;
  parse?: (text: string, before: never) => unknown;
  choices?: readonly string[];
  /** A second name of its variable, for those who know it from elsewhere. */
  alias?: string;
}

export interface OptionGroup {
  title: string;
  options: readonly OptionSpec[];
}

const longName = ({ flags }: OptionSpec): string => /--([\w-]+)/.exec(flags)![1]!;
/** `--no-tcp` takes something away that is there by default. */
const isNegation = (spec: OptionSpec): boolean => longName(spec).startsWith('no-');

/** `--rtc-ports` → `SLUICE_RTC_PORTS`; `--no-tcp` → `SLUICE_TCP`, which is on or off. */
export function variableOf(spec: OptionSpec): string {
  return `SLUICE_${longName(spec).replace(/^no-/, '').replace(/-/g, '_').toUpperCase()}`;
}

const given = (variable: string): string | undefined => process.env[variable] || undefined;

export function toOption(spec: OptionSpec): Option {
  const { flags, help, value, valueText, parse, choices, alias } = spec;
  const variable = variableOf(spec);
  const what = value === undefined && valueText !== undefined ? `${help} (default: ${valueText})` : help;
  const option = new Option(flags, isNegation(spec) ? `${what} (env: ${variable}=off)` : what);
  if (value !== undefined) option.default(value, valueText);
  if (choices !== undefined) option.choices(choices);
  if (parse !== undefined) option.argParser(parse as (text: string, before: unknown) => unknown);
  // commander takes whatever a switch's variable holds for "yes": ours are looked at in applySwitches().
  if (!isNegation(spec)) option.env(alias !== undefined && given(variable) === undefined && given(alias) !== undefined ? alias : variable);
  return option;
}

const words = new Map([
  ...['on', 'true', 'yes', '1'].map((word) => [word, true] as const),
  ...['off', 'false', 'no', '0'].map((word) => [word, false] as const),
]);

function applySwitches(command: Command, specs: readonly OptionSpec[]): void {
  for (const spec of specs.filter(isNegation)) {
    const variable = variableOf(spec);
    const text = given(variable);
    if (text === undefined) continue;
    const value = words.get(text.toLowerCase());
    if (value === undefined) command.error(`error: '${text}' from env '${variable}' is invalid. Expected on or off.`);
    const name = toOption(spec).attributeName();
    if (command.getOptionValueSource(name) === 'default') command.setOptionValueWithSource(name, value, 'env');
  }
}

/** Those that are none of ours are most likely misspelt, and would be missed in silence. */
function unknownVariables(groups: readonly OptionGroup[], others: readonly string[]): string[] {
  const known = new Set([...groups.flatMap(({ options }) => options.map(variableOf)), ...others]);
  return Object.keys(process.env).filter((name) => name.startsWith('SLUICE_') && !known.has(name));
}

export interface ParsedOptions<T> {
  options: T;
  /** SLUICE_… variables that mean nothing here. */
  unknown: string[];
}

/** `others`: variables that are no options. Prints and exits on --help and on mistakes, with one line that names what is wrong. */
export function parseWith<T extends object>(
  command: Command,
  groups: readonly OptionGroup[],
  argv: string[],
  others: readonly string[],
): ParsedOptions<T> {
  const specs = groups.flatMap(({ options }) => options);
  for (const spec of specs) {
    for (const variable of [variableOf(spec), spec.alias])
      if (variable !== undefined && process.env[variable] === '') Reflect.deleteProperty(process.env, variable);
    command.addOption(toOption(spec));
  }
  command.parse(argv, { from: 'user' });
  applySwitches(command, specs);
  return { options: command.opts<T>(), unknown: unknownVariables(groups, others) };
}

/** For docs/operations.md. */
export function markdownOf(groups: readonly OptionGroup[]): string {
  const row = (spec: OptionSpec): string => {
    const { flags, help, value, valueText, choices, alias } = spec;
    const variable = variableOf(spec);
    const names = isNegation(spec)
      ? `\`${variable}=off\``
      : [variable, ...(alias === undefined ? [] : [alias])].map((name) => `\`${name}\``).join(', ');
    const fallback = valueText ?? (value === undefined || Array.isArray(value) ? '' : JSON.stringify(value).replace(/^"|"$/g, ''));
    const about = `${help[0]!.toUpperCase()}${help.slice(1)}${choices === undefined ? '' : ` (${choices.join(', ')})`}`;
    return `| \`${flags}\` | ${names} | ${fallback} | ${about} |`;
  };
  return groups
    .map(({ title, options }) =>
      [`**${title}**`, '', '| option | variable | default | |', '|---|---|---|---|', ...options.map(row)].join('\n'),
    )
    .join('\n\n');
}

// --- Values that several options take

export function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
  };
}

export function notEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a name or an address.');
  return text.trim();
}

/** A list: the option repeated, or in one value with commas or spaces between (which is how a variable holds it). */
export function each<T>(parse: (text: string, before: T[]) => T[], between = /[\s,]+/): (text: string, before: T[]) => T[] {
  return (text, before) => text.split(between).reduce((list, part) => parse(part, list), before);
}
