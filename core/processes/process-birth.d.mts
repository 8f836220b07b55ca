/**
 * Returns when a process began, which together with its pid names one process for good; undefined when there is no such
 * process.
 */
export function birthOf(pid: number): string | undefined;
