import { createHash } from 'node:crypto';

/** The page's style sheet. It is inline, which saves a request, and the content policy allows it by its hash. */
export const STYLE = `
:root { color-scheme: light dark; --bg: #f5f6f3; --card: #fff; --line: #e2e5df; --ink: #17211c;
  --dim: #5f6b64; --brand: #0b7a53; --good: #0b7a53; --good-bg: #e0f3ea; --warn: #8a5a00;
  --warn-bg: #fdf1d7; --bad: #b3261e; --bad-bg: #fce8e6; --info: #1f5fa8; --info-bg: #e4eefa;
  --mute-bg: #eceeea; --paid: #0b7a53; --way: #4f94dd; --wait: #e2b04a; --fee: #98a39c; --lost: #cc6b5a; }
@media (prefers-color-scheme: dark) { :root { --bg: #0f1512; --card: #171f1b; --line: #28332d;
  --ink: #e7ede9; --dim: #94a39a; --brand: #4fd3a0; --good: #63d9ab; --good-bg: #12382a;
  --warn: #f0c369; --warn-bg: #3a2d10; --bad: #ff9d92; --bad-bg: #421d1a; --info: #8fc0fa;
  --info-bg: #17304d; --mute-bg: #232d28; --paid: #2fae7c; --way: #4f94dd; --wait: #d3a13c;
  --fee: #6d7a72; --lost: #c56a5b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main, header, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
a { color: inherit; text-decoration: underline; text-decoration-color: var(--line);
  text-underline-offset: 3px; }
a:hover { text-decoration-color: currentColor; }
a:focus-visible { outline: 2px solid var(--brand); outline-offset: 2px; border-radius: 3px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; padding-top: 28px;
  padding-bottom: 20px; }
h1 { font-size: 22px; line-height: 1.2; margin: 0; letter-spacing: -.01em; overflow-wrap: anywhere; }
h1 svg { width: 22px; height: 22px; margin-right: 10px; vertical-align: -4px; fill: var(--brand); }
header p { margin: 0; color: var(--dim); }
header .state { margin-left: auto; }
h2 { font-size: 16px; margin: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  margin-bottom: 20px; overflow: hidden; }
section > .head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px;
  padding: 16px 20px 12px; }
.head p { margin: 0; color: var(--dim); font-size: 13px; }
.head p:last-child:not(:nth-child(2)) { margin-left: auto; }
.totals { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 1px;
  background: var(--line); border-bottom: 1px solid var(--line); }
.totals div { background: var(--card); padding: 16px 20px; }
.totals dl, dl.totals { margin: 0; }
dt { color: var(--dim); font-size: 13px; display: flex; align-items: center; gap: 7px; }
dt i { width: 9px; height: 9px; border-radius: 3px; display: inline-block; }
dd { margin: 2px 0 0; font-size: 22px; font-weight: 600; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
dd small { font-size: 13px; font-weight: 400; color: var(--dim); letter-spacing: 0; }
.share { padding: 16px 20px 18px; }
.share svg { display: block; width: 100%; height: 10px; border-radius: 5px; background: var(--mute-bg); }
.share p { margin: 10px 0 0; color: var(--dim); font-size: 13px; }
.c-paid { background: var(--paid); fill: var(--paid); } .c-way { background: var(--way); fill: var(--way); }
.c-wait { background: var(--wait); fill: var(--wait); } .c-fee { background: var(--fee); fill: var(--fee); }
.c-lost { background: var(--lost); fill: var(--lost); }
.hours { display: block; width: 192px; height: 36px; fill: var(--way); }
.hours .free { fill: var(--lost); } .hours .ground { fill: var(--line); }
.notice { border-radius: 12px; padding: 14px 20px; margin: 0 0 20px; border: 1px solid transparent; }
.notice b { display: block; } .notice p { margin: 2px 0 0; overflow-wrap: anywhere; }
.notice.bad { background: var(--bad-bg); color: var(--bad); }
.notice.warn { background: var(--warn-bg); color: var(--warn); }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
th { text-align: left; font-weight: 500; font-size: 12px; color: var(--dim); padding: 6px 12px; white-space: nowrap; }
td { padding: 10px 12px; border-top: 1px solid var(--line); vertical-align: top; }
tr > :first-child { padding-left: 20px; } tr > :last-child { padding-right: 20px; }
thead tr { border-top: 1px solid var(--line); background: color-mix(in srgb, var(--bg) 55%, transparent); }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 13px; white-space: nowrap; }
.dim { color: var(--dim); } .nowrap { white-space: nowrap; }
.why { overflow-wrap: anywhere; max-width: 46ch; }
.why b { font-weight: 500; }
.pill { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 12.5px; font-weight: 500;
  white-space: nowrap; background: var(--mute-bg); color: var(--dim); }
.pill.good { background: var(--good-bg); color: var(--good); } .pill.bad { background: var(--bad-bg); color: var(--bad); }
.pill.warn { background: var(--warn-bg); color: var(--warn); } .pill.info { background: var(--info-bg); color: var(--info); }
.dot::before { content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%;
  margin-right: 8px; background: var(--fee); }
.dot.on::before { background: var(--good); }
.links a { margin-left: 12px; } .links a:first-child { margin-left: 0; }
.empty { padding: 4px 20px 20px; margin: 0; color: var(--dim); }
h1 a { text-decoration: none; }
h2.mono { font-size: 15px; overflow-wrap: anywhere; white-space: normal; }
dd.exact { font-size: 12px; font-weight: 400; color: var(--dim); letter-spacing: 0; white-space: normal; overflow-wrap: anywhere; }
.sum dt b { font-size: 15px; color: var(--ink); }
.search { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 0 0 20px; }
header .search { margin: 0; }
.ask .search { padding: 0 20px 20px; }
.search label { font-weight: 500; white-space: nowrap; }
.search input { flex: 1 1 18em; min-width: 0; min-height: 40px; padding: 8px 12px; border: 1px solid var(--dim); border-radius: 8px;
  background: var(--card); color: var(--ink); font: 14px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.search button { min-height: 40px; padding: 8px 18px; border: 1px solid var(--brand); border-radius: 8px; background: var(--brand);
  color: var(--card); font: inherit; font-weight: 500; cursor: pointer; }
.search input:focus-visible, .search button:focus-visible, summary:focus-visible { outline: 2px solid var(--brand); outline-offset: 2px; }
.gates { list-style: none; margin: 0; padding: 0; color: var(--ink); }
.gates li { display: flex; gap: 12px; padding: 8px 0; } .gates p { margin: 2px 0 0; overflow-wrap: anywhere; }
.gates b { font-weight: 600; } .mark { color: var(--bad); font-weight: 700; } .mark.good { color: var(--good); }
details.fine { color: var(--dim); font-size: 13px; } details.fine summary { color: var(--dim); padding: 2px 0; }
@media (min-width: 861px) { header .search { flex-wrap: nowrap; } }
details summary { cursor: pointer; padding: 8px 0; min-height: 24px; color: var(--ink); }
.answers { margin: 0; padding: 0 20px 12px; } .answers dt { font-weight: 500; color: var(--ink); font-size: 15px; padding-top: 10px; }
.answers dd { margin: 0; font-size: 15px; font-weight: 400; letter-spacing: 0; white-space: normal; overflow-wrap: anywhere; color: var(--dim); }
code { overflow-wrap: anywhere; }
footer { color: var(--dim); font-size: 13px; padding-bottom: 40px; display: flex; flex-wrap: wrap; gap: 4px 18px; }
@media (max-width: 1160px) { .hours { width: 120px; } }
@media (max-width: 860px) {
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 20px; padding-bottom: 16px; }
  .totals { grid-template-columns: 1fr 1fr; } .totals div { padding: 12px 16px; } dd { font-size: 19px; }
  .totals div:last-child:nth-child(odd) { grid-column: 1 / -1; }
  section > .head, .share { padding-left: 16px; padding-right: 16px; } .empty { padding: 4px 16px 16px; }
  .notice { padding: 12px 16px; margin-bottom: 16px; } section { margin-bottom: 16px; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  tr { display: grid; grid-template-columns: repeat(6, 1fr); gap: 6px 12px; align-items: baseline;
    padding: 12px 16px; border-top: 1px solid var(--line); }
  td, tr > :first-child, tr > :last-child { display: block; padding: 0; border: 0; min-width: 0;
    text-align: left; grid-column: span 3; }
  tr > .s2 { grid-column: span 2; } tr > .s4 { grid-column: span 4; } tr > .s6 { grid-column: span 6; }
  tr > .num { text-align: left; } tr > .end { text-align: right; } tr > .later { order: 1; } tr > .last { order: 2; }
  tr > .desk, tr > td:empty { display: none; } td .pill { white-space: normal; } td.why { max-width: none; }
  td[data-label]::before { content: attr(data-label); display: block; font-size: 12px; color: var(--dim); }
  td[data-unit]::after { content: " " attr(data-unit); font-size: 12px; color: var(--dim); }
  .hours { width: 100%; }
  .mono { font-size: 14px; } .links a { margin-left: 20px; }
}
`;

export const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
