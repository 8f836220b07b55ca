/** Small pieces of HTML that the sections of all pages share. JSX escapes what is put into it. */
import type { Child } from 'hono/jsx';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Address } from '../../../core/base/address.js';
import { duration } from '../../../core/base/duration.js';
import { toChecksum } from '../../../core/chain/checksums.js';
import { groupDigits, shortEth, shortHex, utc } from './numbers.js';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'mute';

interface PillProps {
  readonly tone: Tone;
  readonly children: Child;
}

export const Pill = ({ tone, children }: PillProps): Html => (
  <span class={`pill ${tone}`}>{children}</span>
);

/** A short amount. Its exact wei show when it is pointed at, tapped, or reached by keyboard. */
export const Eth = ({ wei }: { readonly wei: bigint }): Html => (
  <button type="button" class="eth" data-wei={`${groupDigits(wei.toString())} wei`}>
    {shortEth(wei)}
  </button>
);

/** A point in time: in UTC, and in the reader's own zone once the script has run. */
export const At = ({ at }: { readonly at: Date }): Html => (
  <time datetime={at.toISOString()} data-local>
    {utc(at)}
  </time>
);

interface AgoProps {
  readonly at: Date | null;
  readonly now: Date;
  /** What stands there without a time. @default never */
  readonly never?: string;
}

export function Ago({ at, now, never = 'never' }: AgoProps): Html {
  if (at === null) return <span class="dim">{never}</span>;
  const iso = at.toISOString();
  return (
    <time class="nowrap" datetime={iso} title={iso} data-ago>
      {duration(now.getTime() - at.getTime())} ago
    </time>
  );
}

/** Links a payee to its own page. */
export function PayeeLink({ address }: { readonly address: Address }): Html {
  const shown = toChecksum(address);
  return (
    <a class="mono" href={`/payees/${shown}`} title={shown}>
      {shortHex(shown)}
    </a>
  );
}

interface OutsideProps {
  readonly url: string;
  readonly children: Child;
}

/** A link, if this is a web address. A URL with another scheme in the configuration could be harmful. */
export function Outside({ url, children }: OutsideProps): Html {
  if (!/^https?:\/\//.test(url)) return <>{children}</>;
  return (
    <a href={url} rel="noreferrer">
      {children}
    </a>
  );
}

interface NoticeProps {
  readonly tone: 'bad' | 'warn' | 'good';
  readonly title: string;
  readonly children: Child;
}

/** What a reader must see first. */
export const Notice = ({ tone, title, children }: NoticeProps): Html => (
  <div class={`notice ${tone}`} role="status">
    <b>{title}</b>
    {children}
  </div>
);

interface SectionProps {
  readonly title: string;
  readonly note?: Child;
  readonly children?: Child;
}

export const Section = ({ title, note, children }: SectionProps): Html => (
  <section>
    <div class="head">
      <h2>{title}</h2>
      {note !== undefined && <p>{note}</p>}
    </div>
    {children}
  </section>
);

interface TableSectionProps {
  readonly title: string;
  readonly note?: Child;
  /** Whether each row becomes a card where there is little room; a narrow table stays one. */
  readonly isWide?: boolean;
  /** Column names; those that begin with `#` hold numbers. */
  readonly columns: readonly string[];
  readonly rows: Html[];
  /** What stands there when there are no rows. */
  readonly empty: Child;
}

export const TableSection = ({
  title,
  note,
  isWide = false,
  columns,
  rows,
  empty,
}: TableSectionProps): Html => (
  <Section title={title} note={note}>
    {rows.length === 0 ? (
      <div class="empty">{empty}</div>
    ) : (
      <table class={isWide ? 'cards' : undefined}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={column.startsWith('#') ? 'num' : undefined}>
                {column.replace(/^#/, '')}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{rows}</tbody>
      </table>
    )}
  </Section>
);

interface JobsTableProps {
  /** What each row is about, such as a day. */
  readonly title: string;
  readonly rows: readonly {
    readonly name: string;
    readonly jobs: number | bigint;
    readonly netWei: bigint;
  }[];
}

/** A table of jobs and what they earned. */
export const JobsTable = ({ title, rows }: JobsTableProps): Html => (
  <table>
    <thead>
      <tr>
        <th scope="col">{title}</th>
        <th scope="col" class="num">
          Jobs
        </th>
        <th scope="col" class="num">
          ETH
        </th>
      </tr>
    </thead>
    <tbody>
      {rows.map(({ name, jobs, netWei }) => (
        <tr>
          <th scope="row">{name}</th>
          <td class="num">{groupDigits(String(jobs))}</td>
          <td class="num">
            <Eth wei={netWei} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);
