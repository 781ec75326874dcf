import v8 from 'node:v8';

/**
 * Makes V8 collect garbage earlier for the rest of the process. Rows become garbage quickly, and on a machine with much
 * memory V8 would let the heap grow instead. Small growth steps and a nursery no larger than after start-up nearly halve
 * the peak memory of a back-fill.
 */
export function keepHeapSmall(): void {
  v8.setFlagsFromString('--heap-growing-percent=70');
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}
