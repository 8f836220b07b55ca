import { type ParseArgsConfig, parseArgs } from 'node:util';
import { foreignText } from '../core/base/foreign-text.js';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ readonly options: T }>>['values'];

const HELP = { help: { type: 'boolean', default: false } } as const;

/** Reads a program's flags. With `--help` it prints the usage and exits with 0; with wrong flags, with 2. */
export function readFlags<const T extends Options>(
  usage: string,
  options: T,
): Values<T & typeof HELP> {
  try {
    const { values } = parseArgs({ options: { ...options, ...HELP } });
    if (!('help' in values && values.help === true)) return values;
  } catch (error) {
    process.stderr.write(`${foreignText(error)}\n\n${usage}\n`);
    process.exit(2);
  }
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
