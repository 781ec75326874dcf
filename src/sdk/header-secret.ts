import { z } from 'zod';

/**
 * A key that is sent in a request header. Space around it is dropped, and a header cannot carry a letter beyond ASCII: such a
 * key was not copied as it is.
 */
export const headerSecret = (doc: string) =>
  z
    .string()
    .trim()
    .min(1)
    // oxlint-disable-next-line no-control-regex
    .regex(/^[\u0000-\u007f]*$/, { error: 'has a character that no key has (a letter beyond ASCII); copy it again' })
    .meta({ description: doc, secret: true });
