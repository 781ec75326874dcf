/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Hono } from 'hono';
import type { Site } from '../app.tsx';
import type { Guarded } from '../guard.ts';
import { addConnectionSetup } from './connection-pages.tsx';
import { createDrafts } from './drafts.ts';
import { addLandingSetup } from './landing-pages.tsx';
import { addRemoval } from './removal.tsx';
import { KindChoice, SettingsPage } from './views.tsx';

/** Sets up connections and landings: a form, a test request, a review of the changes, the settings file. */
export function addSetup(app: Hono<Guarded>, site: Site): void {
  const { context } = site;
  const drafts = createDrafts(context);
  app.get('/settings', (c) => site.show(c, <SettingsPage view={site.view(c)} settings={context.settings()} file={context.settingsFile} />));
  app.get('/new/connection', (c) =>
    site.show(
      c,
      <KindChoice
        view={site.view(c)}
        title="New connection"
        base="/new/connection"
        kinds={context.sources.map(({ name, title }) => ({ kind: name, title }))}
      />,
    ),
  );
  addConnectionSetup(app, site, drafts);
  addLandingSetup(app, site, drafts);
  addRemoval(app, site, drafts);
  app.post('/set-up/:id', async (c) => {
    const id = c.req.param('id');
    const one = drafts.waiting.get(id);
    await drafts.save(c, one);
    drafts.waiting.drop(id);
    return c.redirect(`${one.next}?done=saved`, 303);
  });
}
