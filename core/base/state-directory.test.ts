import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PoolError } from './errors/pool-error.js';
import { unusableDirectory } from './state-directory.js';

const full = (): unknown => {
  try {
    return writeFileSync('/dev/full', 'x');
  } catch (error) {
    return error;
  }
};

describe('the reason why a directory cannot be written', () => {
  it.runIf(process.platform === 'linux')('is named: a full disk', () => {
    expect(unusableDirectory(full(), '/var/pool')).toMatchObject({
      code: 'STATE_DIRECTORY_UNUSABLE',
      message: '/var/pool cannot be written: the disk is full',
    });
  });

  it('is found in messages of Postgres, and in no other error', () => {
    const said = (words: string) =>
      unusableDirectory(new PoolError('DATABASE_NOT_SET_UP', `initdb: ${words}`), '/var/pool');
    expect(said('could not write: No space left on device')?.message).toContain('initdb: could');
    expect(said('HINT:  Check free disk space.')?.code).toBe('STATE_DIRECTORY_UNUSABLE');
    expect(said('role "postgres" already exists')).toBeUndefined();
    expect(unusableDirectory(new Error('No space left on device'), '/var/pool')).toBeUndefined();
  });
});
