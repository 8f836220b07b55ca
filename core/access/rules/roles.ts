/**
 * What a token may do. read: see everything, with the words of nodes and orchestrators. operate: also decide about
 * payouts, jobs and findings. admin: also change what the pool is: its terms, its wallet.
 */
export const ROLES = ['read', 'operate', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Whether somebody with this role may do what needs the other one. Each role includes those before it. */
export function mayDo(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
