/** Prometheus' own judge of alert rules, given what a pool's API said before and during a fault. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';

export const RULES = fileURLToPath(new URL('../../monitoring/alerts.yml', import.meta.url));
const PLACES = [process.env['PROMTOOL_PATH'], '/usr/bin/promtool', '/usr/local/bin/promtool'];

/** Prometheus' promtool on this machine; undefined when there is none, and tests of alerts are skipped. */
export const promtoolPath = PLACES.find((path) => path !== undefined && existsSync(path));

/** The samples of one scrape: the value of each series, which is written as Prometheus writes it. */
export type Scrape = ReadonlyMap<string, string>;

/** Reads Prometheus' text format. A mean of nothing, `Nan`, is left out: promtool cannot read how the client spells it. */
export function samplesOf(text: string): Scrape {
  const lines = text.split('\n').filter((line) => !/^$|^#| nan$/i.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** For how many minutes the pool is well, and for how many the fault lasts. */
const [BEFORE, DURING] = [60, 240];

/**
 * Asks promtool whether exactly these alerts fire while the fault lasts, and none before it. Rejects with promtool's
 * words when they do not.
 */
export async function expectAlerts(
  before: Scrape,
  during: Scrape,
  alerts: readonly string[],
): Promise<void> {
  const all = new Set([...before.keys(), ...during.keys()]);
  const part = (scrape: Scrape, series: string, minutes: number) =>
    `${scrape.get(series) ?? '_'}x${minutes - 1}`;
  const expr = 'count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[4h]))';
  const unit = {
    rule_files: [RULES],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: [...all].map((series) => ({
          series,
          values: `${part(before, series, BEFORE)} ${part(during, series, DURING)}`,
        })),
        promql_expr_test: [
          { expr, eval_time: `${BEFORE - 1}m`, exp_samples: [] },
          {
            expr,
            eval_time: `${BEFORE + DURING - 1}m`,
            exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
          },
        ],
      },
    ],
  };
  const dir = await mkdtemp(join(tmpdir(), 'openpool-alerts-'));
  try {
    const file = join(dir, 'test.yml');
    await writeFile(file, stringify(unit));
    await promisify(execFile)(promtoolPath ?? 'promtool', ['test', 'rules', file]);
  } finally {
    await rm(dir, { recursive: true });
  }
}
