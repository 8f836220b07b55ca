import { describe, expect, it } from 'vitest';
import { mayDo, ROLES } from './roles.js';

describe('roles', () => {
  it('include those before them', () => {
    const may = ROLES.map((role) => ROLES.filter((needed) => mayDo(role, needed)));
    expect(may).toEqual([['read'], ['read', 'operate'], ['read', 'operate', 'admin']]);
  });
});
