import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';

/** A new folder, in memory where there is such a place: most of the time of an index goes into waiting for the disk to say that it is safe. */
export const memoryFolder = (prefix: string): string => mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), prefix));
