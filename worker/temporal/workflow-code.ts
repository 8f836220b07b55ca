/** The workflows of this build, and the id by which Temporal and people tell one build from another. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { WorkerOptions } from '@temporalio/worker';
import { findWorkflowBundle, readVersion } from '../../config/reading/program.js';
import { bundleWorkflows } from './bundle.js';

export interface WorkflowCode {
  readonly workflows: Pick<WorkerOptions, 'workflowBundle'>;
  /** The program's version and twelve digits of the workflows' hash, such as `0.1.0+3f2a9c01b7de`. */
  readonly buildId: string;
}

const HASH_DIGITS = 12;
/** The bundle's last line: where the sources lie, which differs between directories although the code is the same. */
const SOURCE_MAP = /\n\/\/# sourceMappingURL=.*\s*$/;

/** Reads the prebuilt bundle or, in a checkout, makes one from the sources, which takes seconds. */
export async function readWorkflowCode(): Promise<WorkflowCode> {
  const codePath = findWorkflowBundle();
  const code = codePath === null ? await bundleWorkflows() : await readFile(codePath, 'utf8');
  const hash = createHash('sha256').update(code.replace(SOURCE_MAP, '')).digest('hex');
  return {
    workflows: { workflowBundle: codePath === null ? { code } : { codePath } },
    buildId: `${readVersion()}+${hash.slice(0, HASH_DIGITS)}`,
  };
}
