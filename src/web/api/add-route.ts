import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Guarded } from '../guard.ts';

/** Adds a route whose answer has the shape: what of the request is checked, and the work. */
export type AddRoute = (
  method: 'get' | 'post' | 'patch' | 'delete',
  path: string,
  summary: string,
  shape: z.ZodType,
  /** `file`: the content type of a body that is a file; `gives`: that of an answer that is one. */
  more: {
    readonly params?: z.ZodObject;
    readonly query?: z.ZodObject;
    readonly body?: z.ZodType;
    readonly file?: string;
    readonly gives?: string;
  },
  /** What is answered: a value, sent as JSON, or the answer itself. */
  work: (c: Context<Guarded>) => unknown,
) => void;

export const param = (c: Context<Guarded>, name: string): string => c.req.param(name) ?? '';
