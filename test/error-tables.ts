/** The tables of errors in docs/operations.md, made from the catalogue. `npm run error-table` writes them into the page. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type CatalogueEntry, ERRORS_BY_HEADING } from '../core/base/errors/catalogue.js';
import { AILMENTS } from '../core/diagnosis/rules/checks.js';
import { REFUSALS } from '../core/events/rules/reading/refusals.js';

const PAGE = fileURLToPath(new URL('../docs/operations.md', import.meta.url));
const BEGIN = '<!-- errors: made by `npm run error-table` -->';
const END = '<!-- end of these errors -->';

/** Gives the page with the table under each heading as the catalogue has it; the rest of the page stays. */
export function withErrorTables(page: string): string {
  let written = page;
  for (const [heading, entries] of Object.entries(ERRORS_BY_HEADING)) {
    written = withTable(written, heading, errorTable(entries));
  }
  written = withTable(written, 'What the doctor finds', codeTable(Object.entries(AILMENTS)));
  return withTable(written, 'Events set aside', refusalTable());
}

function withTable(page: string, heading: string, table: string): string {
  const [before, under] = splitOnce(page, `\n### ${heading}\n`);
  const [prose, old] = splitOnce(under, BEGIN);
  const [, after] = splitOnce(old, END);
  return `${before}\n### ${heading}\n${prose}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`docs/operations.md has no "${mark.trim()}" where one is due`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

function errorTable(entries: Readonly<Record<string, CatalogueEntry>>): string {
  const rows = Object.entries(entries).map(
    ([code, { final, help }]) => `| \`${code}\` | ${final ? 'no' : 'yes'} | ${help} |`,
  );
  return ['| code | tries again? | what to do |', '|---|---|---|', ...rows].join('\n');
}

function refusalTable(): string {
  return codeTable(Object.entries(REFUSALS).map(([code, { help }]) => [code, help]));
}

function codeTable(entries: readonly (readonly [code: string, help: string])[]): string {
  const rows = entries.map(([code, help]) => `| \`${code}\` | ${help} |`);
  return ['| code | what to do |', '|---|---|', ...rows].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(PAGE, withErrorTables(readFileSync(PAGE, 'utf8')));
}
