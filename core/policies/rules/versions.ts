/** Which of two versions of a policy is the later one. */

/** Numbers with dots, such as `1.10.2`; what follows a hyphen or a plus sign does not count. */
const NUMBERED = /^v?(\d{1,9}(?:\.\d{1,9})*)(?:[-+].*)?$/;

/** Whether a version is certainly earlier than another. Versions without numbers, such as hashes, have no order: false. */
export function isEarlier(version: string, other: string): boolean {
  const [own, others] = [version, other].map((text) => NUMBERED.exec(text)?.[1]?.split('.'));
  if (own === undefined || others === undefined) return false;
  for (let i = 0; i < Math.max(own.length, others.length); i += 1) {
    const difference = Number(own[i] ?? 0) - Number(others[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
