/** When a process began; with its pid this names one process for good. Undefined: there is none. */
export function birthOf(pid: number): string | undefined;
