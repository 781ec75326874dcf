/**
 * How much larger than usual the accounts of the volume tests are. The suite shows every step on a small account; 10 and more, by
 * hand, shows that size changes nothing.
 */
export const SCALE = Number(process.env['TRIBUTARY_TEST_SCALE'] ?? 1);
