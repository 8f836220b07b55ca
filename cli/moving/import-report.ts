/** Prints what an import books, or would book. */
import type { ImportReport } from '../../core/moving/importing.js';
import {
  ACCEPTABLE,
  type Acceptable,
  type Difference,
} from '../../core/moving/rules/differences.js';
import { misuse } from '../command.js';
import { formatAddress, formatAmount, formatFacts, formatTable, restOf } from '../output.js';

/** The terminal shows at most this many differences; --json has all of them. */
const MOST_SHOWN = 100;

export function reportOfImport({ plan, planHash, countedTo, words }: ImportReport): string {
  const { differences, totals } = plan;
  return [
    formatFacts([
      ['pending in the file', formatAmount(totals.statedPendingWei)],
      ['paid in the file', formatAmount(totals.statedPaidWei)],
      ['opened as pending', formatAmount(totals.openedPendingWei)],
      ['proved as paid', formatAmount(totals.paidOnChainWei)],
      ['owed again', formatAmount(totals.failedWei)],
      ['paid beyond its books', formatAmount(totals.notCountedWei)],
      ['pending for nobody', formatAmount(totals.nobodyWei)],
      ['counts events up to', countedTo],
      ['plan', planHash],
    ]),
    tableOf(differences),
    words,
  ].join('\n\n');
}

function tableOf(differences: readonly Difference[]): string {
  const table = formatTable(differences.slice(0, MOST_SHOWN), {
    difference: ({ name }) => name,
    payee: ({ payee }) => formatAddress(payee),
    place: ({ place }) => place,
    what: ({ words }) => words,
  });
  return `${table}${restOf(differences.length, MOST_SHOWN)}`;
}

export function requireAcceptable(name: string): Acceptable {
  const known = ACCEPTABLE.find((one) => one === name);
  if (known !== undefined) return known;
  throw misuse(`--accept ${name}: give some of ${ACCEPTABLE.join(', ')}`);
}
