/** `openpool doctor`: what is wrong with a pool, and what to do about it. */
import { counted } from '../../core/base/counted.js';
import { type CheckRow, type CheckVerdict, isHealthy } from '../../core/diagnosis/rules/checks.js';
import { examine } from '../../doctor/doctor.js';
import { createLog, endRuntime, installRuntime } from '../../start/log.js';
import { misuse, type PoolCommand } from '../command.js';
import { action, type Terminal } from '../context.js';

interface DoctorFlags {
  readonly replay: boolean;
  readonly all: boolean;
}

export function addDoctorCommand(program: PoolCommand): void {
  program
    .add(
      'doctor',
      'what is wrong with the pool, and what to do; changes nothing; exit code 3 when something failed',
    )
    .option('--replay', 'only whether the running workflows replay in this build', false)
    .option('--all', 'replay all running workflows, not the newest of each type', false)
    .action(action(diagnose));
}

async function diagnose({ options, answer }: Terminal<DoctorFlags>): Promise<number> {
  if (options.all && !options.replay) throw misuse('--all goes with --replay');
  const { config, replay: replayOnly, all: replayAll } = options;
  const { text, healthy, checks } = await examineConfigured(config, { replayOnly, replayAll });
  return answer(text, { healthy, checks }, healthy);
}

/** Runs all checks on the pool of this configuration, and says what they found. */
export async function examineConfigured(
  configPath: string,
  options: { readonly replayOnly?: boolean; readonly replayAll?: boolean } = {},
) {
  // What a replay logs about a workflow that fails is said better below.
  installRuntime(createLog({ level: 'silent' }));
  const checks = await examine({ configPath, ...options }).finally(endRuntime);
  const text = `${checks.map(lineOf).join('\n')}\n\n${verdictOf(checks)}`;
  return { text, healthy: isHealthy(checks), checks };
}

const MARKS: Readonly<Record<CheckVerdict, string>> = {
  pass: 'ok  ',
  warn: 'WARN',
  fail: 'FAIL',
  unchecked: '-   ',
};
const INDENT = ' '.repeat(6);

function lineOf({ check, verdict, code, what, todo }: CheckRow): string {
  const found = code === null ? '' : `${code}: `;
  const line = `${MARKS[verdict]}  ${check.padEnd(27)} ${found}${what}`;
  return todo === null ? line : `${line}\n${INDENT}what to do: ${todo}`;
}

function verdictOf(checks: readonly CheckRow[]): string {
  const rows = (verdict: CheckVerdict) => checks.filter((one) => one.verdict === verdict);
  const names = (verdict: CheckVerdict) =>
    [...new Set(rows(verdict).map(({ check }) => check))].join(', ');
  const warned = rows('warn').length === 0 ? '' : `, ${counted(rows('warn').length, 'warning')}`;
  if (isHealthy(checks)) return `healthy${warned}`;
  const unchecked = rows('unchecked').length;
  const rest = unchecked === 0 ? '' : `; ${counted(unchecked, 'check')} depended on that`;
  return `not healthy: ${names('fail')}${warned}${rest}`;
}
