import { z } from 'zod';
import type { Source } from '../sdk/source.ts';

/** Settings to ask a source for its tables when the user has none yet: every default there is. */
export function defaultsOf(source: Source): unknown {
  const { settings } = source;
  if (!(settings instanceof z.ZodObject)) return settings.safeParse({}).data ?? {};
  const shape = settings.shape as Readonly<Record<string, z.ZodType>>;
  return Object.fromEntries(
    Object.entries(shape).flatMap(([key, field]) => {
      const { success, data } = field.safeParse(undefined);
      return success && data !== undefined ? [[key, data]] : [];
    }),
  );
}
