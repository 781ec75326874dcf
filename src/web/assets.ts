import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hono } from 'hono';
import type { Guarded } from './guard.ts';

/** Serves style sheet, script and charts from this process: nothing is loaded from other servers. */
export function addAssets(app: Hono<Guarded>): void {
  const own = (name: string): string => fileURLToPath(new URL(`./assets/${name}`, import.meta.url));
  const charts = dirname(createRequire(import.meta.url).resolve('uplot'));
  const files = [
    ['page.css', 'text/css', own('page.css')],
    ['page.js', 'text/javascript', own('page.js')],
    ['icon.svg', 'image/svg+xml', own('icon.svg')],
    ['uplot.js', 'text/javascript', join(charts, 'uPlot.iife.min.js')],
    ['uplot.css', 'text/css', join(charts, 'uPlot.min.css')],
  ] as const;
  for (const [name, type, path] of files) {
    const text = readFileSync(path, 'utf8');
    app.get(`/assets/${name}`, (c) =>
      c.body(text, 200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'public, max-age=300' }),
    );
  }
}
