import v8 from 'node:v8';

/**
 * Rows pass through and leave garbage that V8, on a machine with much memory, would rather let lie than collect.
 * Growing the heap in small steps, and its nursery not beyond what loading the program took, nearly halves the peak of
 * a back-fill. For the process's whole life.
 */
export function keepHeapSmall(): void {
  v8.setFlagsFromString('--heap-growing-percent=70');
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}
