/** What every session is told, because what is read and written through it depends on it. */

/**
 * A database, a role or a machine may say otherwise, and Postgres then answers in other words: with
 * `DateStyle` `SQL, DMY` the 5th of November came back as the 11th of May. What is said at the start of a
 * session counts more than either.
 */
const SETTINGS = [
  ['TimeZone', 'UTC'],
  ['DateStyle', 'ISO,YMD'],
  ['IntervalStyle', 'postgres'],
  ['bytea_output', 'hex'],
  ['extra_float_digits', '1'],
  ['standard_conforming_strings', 'on'],
  ['transform_null_equals', 'off'],
  ['default_transaction_isolation', 'read committed'],
] as const;

const OURS = SETTINGS.map(([name, value]) => `-c ${name}=${value.replace(' ', '\\ ')}`).join(' ');

/**
 * How a session is opened at this URL. What the URL says in its own `options`, such as a `search_path`,
 * stays, and the settings above come after it.
 */
export function sessionOf(url: string): {
  readonly connectionString: string;
  readonly options: string;
} {
  const given = URL.canParse(url) ? new URL(url).searchParams.get('options') : null;
  if (given === null) return { connectionString: url, options: OURS };
  const merged = new URL(url);
  const options = `${given} ${OURS}`;
  // The driver believes the URL more than what stands beside it.
  merged.searchParams.set('options', options);
  return { connectionString: merged.toString(), options };
}
