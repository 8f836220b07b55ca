import { createHash } from 'node:crypto';

/** What the operator's pages need besides the style of all pages: forms, buttons, and the row of pages. */
export const OPERATOR_STYLE = `
.pages { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; margin: 0 0 20px; }
.pages a { padding: 8px 12px; border-radius: 8px; text-decoration: none; min-height: 24px; }
.pages a[aria-current] { background: var(--card); border: 1px solid var(--dim); font-weight: 600; }
.pages a:hover { text-decoration: underline; }
.pages form { margin-left: auto; }
.act { display: inline-block; margin: 0 8px 8px 0; }
.act button, .pages button, .ask button { min-height: 36px; padding: 6px 14px; border: 1px solid var(--dim);
  border-radius: 8px; background: var(--card); color: var(--ink); font: inherit; cursor: pointer; }
.act button.first, .ask button.first { background: var(--brand); border-color: var(--brand); color: var(--card); font-weight: 500; }
.act button:focus-visible, .pages button:focus-visible, .ask button:focus-visible, .ask input:focus-visible,
.pages a:focus-visible { outline: 2px solid var(--brand); outline-offset: 2px; }
.needs { list-style: none; margin: 0; padding: 0; }
.needs > li { padding: 16px 20px 10px; border-top: 1px solid var(--line); }
.needs h3 { font-size: 15px; margin: 0 0 4px; overflow-wrap: anywhere; }
.needs p { margin: 0 0 8px; overflow-wrap: anywhere; }
.facts { color: var(--dim); font-size: 13px; display: flex; flex-wrap: wrap; gap: 2px 14px; }
.ask { padding: 4px 20px 20px; }
.ask label { display: block; font-weight: 500; margin: 12px 0 4px; }
.ask input[type=text], .ask input[type=password] { width: 100%; max-width: 640px; min-height: 40px; padding: 8px 12px;
  border: 1px solid var(--dim); border-radius: 8px; background: var(--card); color: var(--ink); font: inherit; }
.ask .tick { display: flex; gap: 10px; align-items: center; font-weight: 400; min-height: 24px; }
.ask fieldset { border: 1px solid var(--line); border-radius: 8px; padding: 4px 14px 14px; margin: 12px 0 0; }
.ask legend { font-weight: 500; padding: 0 6px; } .ask .tick span { overflow-wrap: anywhere; min-width: 0; }
.ask .tick input { flex: none; width: 20px; height: 20px; }
.ask button { margin: 16px 8px 0 0; }
.ask small { color: var(--dim); display: block; }
.outcome { margin: 0; padding: 4px 20px 12px 38px; overflow-wrap: anywhere; }
.filters { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 0 12px; }
.whole, .mono.whole { overflow-wrap: anywhere; white-space: normal; }
@media (forced-colors: active) { .pages a[aria-current] { border: 2px solid Highlight; }
  .act button.first, .ask button.first { border-width: 3px; } }
@media (max-width: 860px) { .needs > li { padding: 14px 16px 8px; } .ask { padding: 4px 16px 16px; }
  .act button, .ask button { min-height: 44px; } }
`;

export const OPERATOR_STYLE_HASH = createHash('sha256').update(OPERATOR_STYLE).digest('base64');
