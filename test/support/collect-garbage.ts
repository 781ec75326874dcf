import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Collects what nothing holds any more, and gives the memory back. */
export const collectGarbage = runInNewContext('gc') as () => void;
