import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ConnectionSettings } from '../../config/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Site } from '../app.tsx';
import type { Guarded } from '../guard.ts';
import { applyOpen, findingsOf, requireLandingOf } from '../landing-pages.tsx';
import { createDrafts } from '../setup/drafts.ts';
import { patched, type Place } from '../setup/patch.ts';
import { connectionRemoval, landingRemoval } from '../setup/removal-plan.ts';
import { tryConnection } from '../setup/rights.ts';
import { diff, type Draft } from '../setup/settings-file.ts';
import { param, type AddRoute } from './add-route.ts';
import * as shapes from './shapes.ts';

const patch = z.record(z.string(), z.unknown()).openapi('Patch', {
  description:
    'JSON merge patch (RFC 7396): what is not named stays as it is written in the settings file, comments included; null takes out. A secret goes into a file of mode 0600; `${NAME}` names an environment variable instead.',
  example: { settings: { api_key: '${KLAVIYO_API_KEY}' }, tables: ['profile', 'event'], history: '90d', schedule: '15 * * * *' },
});
const dryRun = z.object({
  dry_run: z.enum(['true', 'false']).default('false').openapi({ description: 'Only tells what would change.' }),
});

/** Setting up, changing and removing connections and landings, as on the pages: the same checks, files and notes. */
export function addSetupRoutes(
  add: AddRoute,
  site: Site,
  named: { readonly ofConnection: z.ZodObject; readonly ofLanding: z.ZodObject },
): void {
  const { context } = site;
  const { ofConnection, ofLanding } = named;
  const connection = '/api/v1/connections/{connection}';
  const landing = '/api/v1/landings/{landing}';

  add(
    'post',
    `${connection}/test`,
    'Tries the settings as they would be after a patch with real calls: the account, each table, what may be chosen. Changes nothing.',
    shapes.tried,
    { params: ofConnection, body: patch },
    async (c) => {
      const name = param(c, 'connection');
      const body = await bodyOf(c);
      const settings = Object.keys(body).length === 0 ? context.settings() : patched(context, ['connections', name], body).settings;
      const found = settings.connections.find((one) => one.name === name);
      if (found === undefined) throw missing('connection', name);
      const { account, rights, choices } = await tryConnection(context, found as ConnectionSettings);
      return { account, tables: rights, choices };
    },
  );
  add(
    'patch',
    connection,
    'Sets a connection up, or another way. Running workers take it up by themselves.',
    shapes.saved,
    { params: ofConnection, query: dryRun, body: patch },
    (c) => change(c, ['connections', param(c, 'connection')]),
  );
  add(
    'delete',
    connection,
    'Takes a connection out of the settings and stops the connectors that land it. Topics and warehouse tables stay.',
    shapes.removed,
    { params: ofConnection, query: dryRun },
    (c) => remove(c, connectionRemoval(site, param(c, 'connection'))),
  );
  add(
    'patch',
    landing,
    'Sets a landing up, or another way; apply it afterwards.',
    shapes.saved,
    { params: ofLanding, query: dryRun, body: patch },
    (c) => change(c, ['landings', param(c, 'landing')]),
  );
  add(
    'delete',
    landing,
    'Takes a landing out of the settings and stops its connectors. Topics and warehouse tables stay.',
    shapes.removed,
    { params: ofLanding, query: dryRun },
    (c) => remove(c, landingRemoval(site, param(c, 'landing'))),
  );
  add(
    'get',
    `${landing}/files`,
    'What is rendered for it: the set-up script and the connectors.',
    shapes.files,
    { params: ofLanding },
    (c) => ({
      files: requireLandingOf(site, param(c, 'landing')).open.rendered.files,
    }),
  );
  add(
    'post',
    `${landing}/check`,
    'Faults of a landing; none means that it can be applied.',
    z.object({ findings: z.array(z.string()) }),
    { params: ofLanding },
    async (c) => ({ findings: await findingsOf(site, requireLandingOf(site, param(c, 'landing')).open) }),
  );
  add(
    'post',
    `${landing}/apply`,
    'Gives Kafka Connect the connectors as they are to be; nothing is applied when there are findings.',
    z.object({ applied: z.boolean(), findings: z.array(z.string()) }),
    { params: ofLanding },
    async (c) => {
      const { name, open } = requireLandingOf(site, param(c, 'landing'));
      const findings = await applyOpen(site, c, name, open);
      return { applied: findings.length === 0, findings };
    },
  );

  async function change(c: Context<Guarded>, place: Place): Promise<z.infer<typeof shapes.saved>> {
    const [kind, name] = place;
    const what = kind === 'connections' ? 'connection' : 'landing';
    const known =
      kind === 'connections'
        ? context.settings().connections.some((one) => one.name === name)
        : Object.hasOwn(context.settings().landings, name);
    const made = patched(context, place, await bodyOf(c));
    const saved = !isDry(c) && made.before !== made.after;
    if (saved)
      await createDrafts(context).save(c, {
        draft: made,
        command: `${what}-${known ? 'edit' : 'add'}`,
        connection: what === 'connection' ? name : null,
        detail: what === 'connection' ? '' : name,
      });
    return { saved, diff: diff(made.before, made.after), secretFiles: filesOf(made) };
  }

  async function remove(c: Context<Guarded>, { saving, consequences, stop }: ReturnType<typeof connectionRemoval>) {
    const removed = !isDry(c);
    if (removed) await createDrafts(context).save(c, saving, stop);
    return { removed, diff: diff(saving.draft.before, saving.draft.after), consequences };
  }
}

const isDry = (c: Context): boolean => c.req.query('dry_run') === 'true';
const filesOf = ({ secrets }: Draft): string[] => [...secrets.keys()];
const bodyOf = async (c: Context): Promise<z.infer<typeof patch>> => patch.parse(await c.req.json());
const missing = (what: string, name: string): TributaryError =>
  new TributaryError(`No ${what} is called ${name}.`, { kind: 'config', code: 'not_found' });
