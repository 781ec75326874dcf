import { z } from 'zod';
import type { Source } from '../sdk/source.ts';

/** A source's settings with every default applied, to list its tables before the user has any settings. */
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
