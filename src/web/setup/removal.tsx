/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Hono } from 'hono';
import type { Site } from '../app.tsx';
import type { Guarded } from '../guard.ts';
import { connectionPath, landingPath } from '../views/view.ts';
import type { Drafts } from './drafts.ts';
import { connectionRemoval, landingRemoval } from './removal-plan.ts';
import { diff } from './settings-file.ts';
import { Removal } from './views.tsx';

/** Removes a connection or a landing from the settings: shows what is removed and what stays, and stops its connectors. */
export function addRemoval(app: Hono<Guarded>, site: Site, drafts: Drafts): void {
  for (const { what, base, plan, back } of [
    { what: 'connection', base: '/c/:name', plan: connectionRemoval, back: connectionPath },
    { what: 'landing', base: '/l/:name', plan: landingRemoval, back: landingPath },
  ] as const) {
    app.get(`${base}/remove`, (c) => {
      const { name, saving, consequences } = plan(site, c.req.param('name') ?? '');
      const lines = diff(saving.draft.before, saving.draft.after);
      return site.show(c, <Removal view={site.view(c)} back={back(name)} {...{ name, what, lines, consequences }} />);
    });
    app.post(`${base}/remove`, async (c) => {
      const { saving, stop } = plan(site, c.req.param('name') ?? '');
      await drafts.save(c, saving, stop);
      return c.redirect('/?done=removed', 303);
    });
  }
}
