/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Hono } from 'hono';
import { defaultsOf } from '../../config/source-defaults.ts';
import { plural } from '../../observability/text.ts';
import type { Site } from '../app.tsx';
import type { Guarded } from '../guard.ts';
import { addConnectionSetup } from './connection-pages.tsx';
import { createDrafts } from './drafts.ts';
import { addLandingSetup } from './landing-pages.tsx';
import { addRemoval } from './removal.tsx';
import { diff } from './settings-file.ts';
import { KindChoice, Review, SettingsPage } from './views.tsx';

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
        kinds={context.sources.map((source) => ({
          kind: source.name,
          title: source.title,
          doc: plural(source.tables(defaultsOf(source)).length, 'table'),
        }))}
      />,
    ),
  );
  addConnectionSetup(app, site, drafts);
  addLandingSetup(app, site, drafts);
  addRemoval(app, site, drafts);
  app.get('/set-up/:id', (c) => {
    const id = c.req.param('id');
    const { draft, title, steps, facts } = drafts.waiting.get(id);
    const secrets = [...draft.secrets.keys()].map((path) => ['Secret goes into', `${path} (mode 0600)`] as const);
    return site.show(
      c,
      <Review view={site.view(c)} lines={diff(draft.before, draft.after)} facts={[...facts, ...secrets]} {...{ id, title, steps }} />,
    );
  });
  app.post('/set-up/:id', async (c) => {
    const id = c.req.param('id');
    const one = drafts.waiting.get(id);
    await drafts.save(c, one);
    drafts.waiting.drop(id);
    return c.redirect(`${one.next}?done=saved`, 303);
  });
}
