import type { WorkerOptions } from '@temporalio/worker';
import { findWorkflowBundle } from '../../config/reading/program.js';
import { workflowsPath } from './bundle.js';

/** The workflows of this build: its prebuilt bundle or, in a checkout, their sources, which take seconds to bundle. */
export function workflowCode(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = findWorkflowBundle();
  return codePath === null ? { workflowsPath } : { workflowBundle: { codePath } };
}
