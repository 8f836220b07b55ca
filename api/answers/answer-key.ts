/** By which path and query an answer is kept. */
import { SPANS } from '../page/charts/spans.js';

/** Pages that follow the pool. They ask with the id of the state that they were told of, to get no answer from before. */
const LIVE_PAGE = /^\/(pool|payees\/[^/]+)?$/;
/** What is read of a query. These paths take anything else too, which changes nothing. */
const OF_LIVE_PAGE = [
  ['days', new RegExp(`^(${SPANS.join('|')})$`)],
  ['live', /^[\w-]{16}$/],
] as const;
const OF_OTHERS = [['filtered', /^true$/i]] as const;

/**
 * Returns the path and query of a URL, without what changes nothing in the answer: otherwise each reader could have an
 * answer made of his own. The routes under `/v1` refuse what they do not know. `/payees` only sends on to other pages.
 */
export function answerKeyOf(url: string): string {
  const { pathname, search, searchParams } = new URL(url);
  if (pathname.startsWith('/v1/') || pathname === '/payees') return `${pathname}${search}`;
  const fields = LIVE_PAGE.test(pathname) ? OF_LIVE_PAGE : OF_OTHERS;
  const read = fields.flatMap(([name, values]) => {
    const value = searchParams.get(name) ?? '';
    return values.test(value) ? [`${name}=${value}`] : [];
  });
  return read.length === 0 ? pathname : `${pathname}?${read.join('&')}`;
}
