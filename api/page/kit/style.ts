import { createHash } from 'node:crypto';
import { GROUNDS } from '../../../config/sections/look.js';

/** The pages' style sheet. It is inline, which saves a request, and the content policy allows it by its hash. */
export const STYLE = `
:root { color-scheme: light dark; --bg: ${GROUNDS.light.page}; --card: ${GROUNDS.light.card}; --line: #dfe4de; --edge: #838f88; --ink: #15201a;
  --dim: #57635c; --link: #0a6b48; --brand: #0b7a53; --on-brand: #fff; --good: #0a6b48; --good-bg: #def3e8;
  --warn: #7a4d00; --warn-bg: #fdf0d5; --bad: #a8231b; --bad-bg: #fce7e5; --info: #1a5596; --info-bg: #e3edfa;
  --mute-bg: #e9ece8; --paid: #0b7a53; --way: #3f82cc; --wait: #c98a12; --fee: #8a958f; --lost: #c05a48;
  --shade: 0 1px 2px rgb(20 40 30 / .05), 0 4px 14px rgb(20 40 30 / .04); }
@media (prefers-color-scheme: dark) { :root { --bg: ${GROUNDS.dark.page}; --card: ${GROUNDS.dark.card}; --line: #2a352f; --edge: #74837b;
  --ink: #e8eeea; --dim: #a0aea6; --link: #6fdcb0; --brand: #4fd3a0; --on-brand: #06251a; --good: #6fdcb0;
  --good-bg: #12382a; --warn: #f0c369; --warn-bg: #3a2d10; --bad: #ff9d92; --bad-bg: #421d1a; --info: #8fc0fa;
  --info-bg: #17304d; --mute-bg: #242e29; --paid: #2fae7c; --way: #5b9be0; --wait: #d9a53f; --fee: #7f8c85;
  --lost: #d0705f; --shade: none; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
body > header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
a { color: var(--link); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 3px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--brand); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -9999px; } .skip:focus { left: 12px; top: 12px; background: var(--card); padding: 8px 14px; }

body > header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; padding-top: 24px; padding-bottom: 20px; }
h1 { font-size: 20px; line-height: 1.25; margin: 0; letter-spacing: -.01em; overflow-wrap: anywhere; }
h1 a { color: inherit; text-decoration: none; }
h1 svg { width: 22px; height: 22px; margin-right: 9px; vertical-align: -4px; fill: var(--brand); }
header p { margin: 0; color: var(--dim); }
header .state { margin-left: auto; display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; }
h2 { font-size: 17px; line-height: 1.3; margin: 0; letter-spacing: -.005em; overflow-wrap: anywhere; }
h3 { font-size: 14px; margin: 0; }

section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; margin-bottom: 20px; box-shadow: var(--shade); }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 14px; padding: 18px 22px 12px; }
.head p { margin: 0; color: var(--dim); font-size: 14px; }
.head nav { margin-left: auto; }
.body { padding: 0 22px 20px; } .body > p { margin: 0 0 10px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; align-items: start; }
.pair > * { min-width: 0; }
.lead { font-size: 17px; margin: 0; } .lead b { font-weight: 600; }
.hero { padding: 26px 24px; border-radius: 14px; margin-bottom: 20px; background: var(--card); border: 1px solid var(--line); box-shadow: var(--shade); }
.hero h2 { font-size: 24px; letter-spacing: -.02em; margin-bottom: 14px; }
.hero p { margin: 14px 0 0; color: var(--dim); } .hero p.welcome { margin: 0 0 16px; color: var(--ink); overflow-wrap: anywhere; }

dl { margin: 0; }
.totals { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(160px, 100%), 1fr)); gap: 1px; background: var(--line);
  border-bottom: 1px solid var(--line); border-radius: 14px 14px 0 0; }
.totals > div:first-child { border-top-left-radius: 13px; } .totals > div:last-child { border-top-right-radius: 13px; }
.totals > div { background: var(--card); padding: 16px 22px; min-width: 0; }
dt { color: var(--dim); font-size: 13.5px; display: flex; align-items: center; gap: 7px; }
dt i, .key i { width: 10px; height: 10px; border-radius: 3px; display: inline-block; flex: none; }
dd { margin: 2px 0 0; font-size: 22px; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
dd small { font-size: 13px; font-weight: 400; color: var(--dim); letter-spacing: 0; }
dd.exact { font-size: 12.5px; font-weight: 400; color: var(--dim); letter-spacing: 0; overflow-wrap: anywhere; }
.sum dt b { font-size: 15px; color: var(--ink); }
.share { padding: 16px 22px 18px; } .share p { margin: 10px 0 0; color: var(--dim); font-size: 14px; }
.share svg { display: block; width: 100%; height: 12px; border-radius: 6px; background: var(--mute-bg); }
.c-paid { background: var(--paid); fill: var(--paid); } .c-way { background: var(--way); fill: var(--way); }
.c-wait { background: var(--wait); fill: var(--wait); } .c-fee { background: var(--fee); fill: var(--fee); }
.c-lost { background: var(--lost); fill: var(--lost); }
.hours { display: block; width: 192px; height: 36px; fill: var(--way); }
.hours .free { fill: var(--lost); } .hours .ground { fill: var(--line); }

.notice { border-radius: 12px; padding: 14px 20px; margin: 0 0 20px; border: 1px solid currentColor; }
.notice b { display: block; } .notice p { margin: 2px 0 0; overflow-wrap: anywhere; } .notice a { color: inherit; }
.notice.bad { background: var(--bad-bg); color: var(--bad); } .notice.warn { background: var(--warn-bg); color: var(--warn); }
.notice.good { background: var(--good-bg); color: var(--good); } .notice ul { margin: 6px 0 0; padding-left: 20px; }

table { width: 100%; border-collapse: collapse; font-size: 14.5px; }
th { text-align: left; font-weight: 500; font-size: 13px; color: var(--dim); padding: 7px 12px; }
td { padding: 9px 12px; border-top: 1px solid var(--line); vertical-align: top; }
tbody th { overflow-wrap: anywhere; color: var(--ink); font-size: 14.5px; padding: 9px 12px; border-top: 1px solid var(--line); vertical-align: top; }
tr > :first-child { padding-left: 22px; } tr > :last-child { padding-right: 22px; }
thead th { border-top: 1px solid var(--line); background: color-mix(in srgb, var(--bg) 60%, transparent); }
section > table:last-child tr:last-child > :first-child { border-bottom-left-radius: 14px; }
.title { margin: 0 0 16px; font-size: 22px; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.days td, .days th + th { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; } .days tbody th { white-space: nowrap; }
.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .93em; overflow-wrap: anywhere; }
td.rank { width: 1%; } td .mono, th .mono { white-space: nowrap; } td a, th a { display: inline-block; min-height: 24px; min-width: 24px; }
h2.mono { font-size: 16px; } .dim { color: var(--dim); } .nowrap { white-space: nowrap; }
.why { overflow-wrap: anywhere; max-width: 46ch; } .why b { font-weight: 500; }
.pill { display: inline-block; padding: 1px 10px; border-radius: 99px; font-size: 13px; font-weight: 500; border: 1px solid transparent;
  background: var(--mute-bg); color: var(--dim); }
.pill.good { background: var(--good-bg); color: var(--good); } .pill.bad { background: var(--bad-bg); color: var(--bad); }
.pill.warn { background: var(--warn-bg); color: var(--warn); } .pill.info { background: var(--info-bg); color: var(--info); }
.empty { padding: 4px 22px 20px; margin: 0; color: var(--dim); } .empty p { margin: 0 0 6px; }

.eth { font: inherit; letter-spacing: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0; min-height: 24px; position: relative;
  cursor: help; text-decoration: underline dotted 1px var(--edge); text-underline-offset: 4px; white-space: nowrap; }
.eth:is(:hover, :focus)::after { content: attr(data-wei); position: absolute; z-index: 2; left: 0; bottom: calc(100% + 2px); width: max-content;
  max-width: min(70vw, 340px); white-space: normal; padding: 5px 10px; border-radius: 8px; background: var(--ink); color: var(--card); text-align: left;
  font: 13px/1.4 system-ui, sans-serif; letter-spacing: 0; border: 1px solid var(--ink); }
.num .eth::after { left: auto !important; right: 0; }
.links a { display: inline-block; min-height: 24px; padding: 1px 0; }
nav.tabs { display: flex; gap: 6px; } nav.tabs a, button.quiet { display: inline-block; min-height: 30px; padding: 3px 12px; border-radius: 8px; font: inherit;
  font-size: 14px; border: 1px solid var(--edge); background: var(--card); color: var(--ink); text-decoration: none; cursor: pointer; }
nav.tabs a[aria-current] { background: var(--ink); color: var(--card); border-color: var(--ink); font-weight: 500; }
button.quiet:hover, nav.tabs a:hover { border-color: var(--ink); } button.quiet[hidden] { display: none; }

.search { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 0; }
.links { display: inline-flex; flex-wrap: wrap; gap: 2px 14px; }
.search label { font-weight: 500; white-space: nowrap; } .ask .search { padding: 0 22px 22px; }
.search input { flex: 1 1 20em; min-width: 0; width: 100%; min-height: 42px; padding: 8px 12px; border: 1px solid var(--edge); border-radius: 9px;
  background: var(--card); color: var(--ink); font: 15px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.search input::placeholder { color: var(--dim); opacity: 1; }
.search button { min-height: 42px; padding: 8px 20px; border: 1px solid var(--brand); border-radius: 9px; background: var(--brand);
  color: var(--on-brand); font: inherit; font-weight: 600; cursor: pointer; }
header .search input { flex-basis: 15em; min-height: 36px; padding: 5px 10px; font-size: 13.5px; width: auto; }
header .search button { min-height: 36px; padding: 5px 14px; }

.sign label { display: block; font-weight: 500; margin: 12px 0 4px; } .sign :is(input, select, textarea) { width: 100%; min-height: 42px; padding: 8px 12px;
  border: 1px solid var(--edge); border-radius: 9px; background: var(--card); color: var(--ink); font: 14px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.sign > button { margin-top: 12px; }

.gates { list-style: none; margin: 0; padding: 0; color: var(--ink); }
.gates li { display: flex; gap: 12px; padding: 8px 0; } .gates p { margin: 2px 0 0; overflow-wrap: anywhere; }
.gates b { font-weight: 600; } .mark { color: var(--bad); font-weight: 700; } .mark.good { color: var(--good); }
summary { cursor: pointer; padding: 6px 0; min-height: 32px; color: var(--link); }
details.fine { color: var(--dim); font-size: 13.5px; } details.fine summary { padding: 3px 0; min-height: 26px; }
.answers { padding: 0 22px 16px; } .answers dt { font-weight: 500; color: var(--ink); font-size: 15px; padding-top: 12px; }
.answers dd { margin: 0; font-size: 15px; font-weight: 400; letter-spacing: 0; overflow-wrap: anywhere; color: var(--dim); }

.chart { display: block; width: 100%; height: auto; } .chart text { font-size: 12px; fill: var(--dim); font-family: inherit; }
.chart .grid { stroke: var(--line); } .chart .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
.chart .line.c-paid { stroke: var(--paid); fill: none; } .chart .line.c-wait { stroke: var(--wait); fill: none; stroke-dasharray: 6 4; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0; list-style: none; color: var(--dim); font-size: 14px; }
.key li { display: flex; align-items: center; gap: 7px; } .key svg { width: 16px; height: 16px; }

.strip { display: block; width: 100%; height: 34px; } .s-on { fill: var(--paid); } .s-part { fill: var(--paid); opacity: .55; }
.s-off { fill: none; stroke: var(--edge); } .s-blind { fill: var(--edge); } .s-none { fill: var(--line); }

code { overflow-wrap: anywhere; }
footer { color: var(--dim); font-size: 13.5px; padding-top: 8px; padding-bottom: 40px; display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: baseline; }
footer a { display: inline-block; min-height: 24px; }
@media (min-width: 861px) { header .search { flex-wrap: nowrap; } }
@media (max-width: 1160px) { .hours { width: 120px; } }
@media (max-width: 860px) {
  body > header, main, footer { padding-left: 14px; padding-right: 14px; }
  body > header { padding-top: 16px; padding-bottom: 14px; } header .state { margin-left: 0; width: 100%; }
  header search { flex: 1 1 100%; }
  .totals > div:last-child { border-top-right-radius: 0; } .pair { grid-template-columns: minmax(0, 1fr); gap: 0; } .hero { padding: 20px 16px; margin-bottom: 16px; }
  .totals { grid-template-columns: 1fr 1fr; } .totals > div { padding: 12px 16px; } dd { font-size: 19px; }
  .totals > div:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .head, .share, .body, .empty { padding-left: 16px; padding-right: 16px; } .head nav { margin-left: 0; }
  .notice { padding: 12px 16px; margin-bottom: 16px; } section { margin-bottom: 16px; }
  tr > :first-child { padding-left: 16px; } tr > :last-child { padding-right: 16px; }
  table.cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.cards, .cards tbody { display: block; }
  .cards tr { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 4px 12px; align-items: baseline;
    padding: 12px 16px; border-top: 1px solid var(--line); }
  .cards td, .cards tr > :first-child, .cards tr > :last-child { display: block; padding: 0; border: 0; min-width: 0;
    text-align: left; grid-column: span 3; }
  .cards tr > .s2 { grid-column: span 2; } .cards tr > .s4 { grid-column: span 4; } .cards tr > .s6 { grid-column: span 6; }
  .cards tr > .end { text-align: right; } .cards tr > .later { order: 1; } .cards tr > .last { order: 2; }
  .cards tr > .desk, .cards tr > td:empty { display: none; } .cards td.why { max-width: none; }
  .cards td[data-label]::before { content: attr(data-label); display: block; font-size: 12.5px; color: var(--dim); }
  .cards td[data-unit]::after { content: " " attr(data-unit); font-size: 13px; color: var(--dim); }
  .cards .num .eth::after { right: auto; left: 0 !important; } .cards .num.end .eth::after { left: auto !important; right: 0; }
  .hours { width: 100%; }
}
@media (max-width: 420px) { .totals { grid-template-columns: minmax(0, 1fr); } .totals > div:last-child:nth-child(odd) { grid-column: auto; }
  td, th { padding-left: 6px; padding-right: 6px; }
  .days td, .days th { padding-left: 3px; padding-right: 3px; font-size: 12.5px; } }
@media (forced-colors: active) {
  :root { --ink: CanvasText; --dim: CanvasText; --line: CanvasText; --edge: CanvasText; --mute-bg: Canvas;
    --brand: ButtonFace; --on-brand: ButtonText;
    --paid: CanvasText; --wait: Highlight; --fee: GrayText; --lost: Canvas; --way: Canvas; }
  h1 svg { fill: LinkText; } .search button { border-color: ButtonText; } :focus-visible { outline-color: Highlight !important; }
  .pill, .notice, section { border: 1px solid CanvasText; } .share svg { border: 1px solid CanvasText; }
  i[class|=c], .chart, .strip, .hours, .share svg { forced-color-adjust: none; }
  .c-way { stroke: CanvasText; } .c-lost { stroke: Highlight; } i.c-way { border: 2px solid CanvasText; } i.c-lost { border: 2px dashed Highlight; }
  .chart .grid { stroke: GrayText; stroke-dasharray: 2 4; } .strip .s-none { fill: GrayText; }
  .hours { fill: CanvasText; } .hours .free { fill: Highlight; }
  nav.tabs a[aria-current] { forced-color-adjust: none; background: Highlight; color: HighlightText; border-color: Highlight; } }
`;

export const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
