/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Context, Hono } from 'hono';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import type { Site } from './app.tsx';
import type { WebLanding } from './context.ts';
import type { Guarded } from './guard.ts';
import type { LandingView } from './model/board-rows.ts';
import { Landing, LandingFile } from './views/landing.tsx';
import { note } from './note.ts';
import { waiting } from './setup/drafts.ts';
import { landingPath } from './views/view.ts';
import { timeLimit } from '../core/signals.ts';

const applyMs = 120_000;

/** The pages of the landings in the settings. */
export function addLandingPages(app: Hono<Guarded>, site: Site): void {
  const { context } = site;

  /** What checks have found, for the page that each leads to. */
  const found = waiting<readonly string[]>(context.clock.now);

  async function page(c: Context<Guarded>): Promise<Response> {
    const findings = found.find(c.req.query('found'));
    const { name, open } = requireLandingOf(site, c.req.param('landing') ?? '');
    const own = context.settings().landings[name] === 'embedded';
    const errors = c.req.query('errors') !== undefined;
    return site.show(
      c,
      <Landing
        view={site.view(c)}
        landing={viewOf(site, open)}
        errors={errors}
        files={open.rendered.files}
        own={own}
        script={own ? undefined : open.rendered.files.find(({ path }) => path === 'setup.sql')?.text}
        {...(findings === undefined ? {} : { findings })}
      />,
    );
  }

  app.get('/l/:landing', (c) => page(c));
  app.get('/l/:landing/file', (c) => {
    const { name, open } = requireLandingOf(site, c.req.param('landing'));
    const file = open.rendered.files.find(({ path }) => path === c.req.query('path'));
    if (!file) throw new TributaryError(`The landing ${name} has no such file.`, { kind: 'config', code: 'not_found' });
    return site.show(c, <LandingFile view={site.view(c)} landing={name} path={file.path} text={file.text} />);
  });
  const tell = (c: Context<Guarded>, name: string, findings: readonly string[]): Response =>
    c.redirect(`${landingPath(name)}?found=${found.hold(findings)}`, 303);
  app.post('/l/:landing/check', async (c) => {
    const { name, open } = requireLandingOf(site, c.req.param('landing'));
    return tell(c, name, await findingsOf(site, open));
  });
  app.post('/l/:landing/apply', async (c) => {
    const { name, open } = requireLandingOf(site, c.req.param('landing'));
    const findings = await applyOpen(site, c, name, open);
    if (findings.length > 0) return tell(c, name, findings);
    return c.redirect(`${landingPath(name)}?done=applied`, 303);
  });
}

/** Applies a landing that has no fault, and notes it; answers the faults that kept it from being applied, as sentences. */
export async function applyOpen(site: Site, c: Context<Guarded>, name: string, open: WebLanding): Promise<readonly string[]> {
  const { context, board } = site;
  const findings = await findingsOf(site, open);
  if (findings.length > 0) return findings;
  await note(context, c, { command: 'landing-apply', connection: null, table: null, detail: name });
  try {
    await context.applyLanding(open, timeLimit(applyMs));
    return [];
  } catch (error) {
    const { message, remedy } = asTributaryError(error, 'Applying the landing');
    return [[message, remedy ?? ''].join(' ').trim()];
  } finally {
    void board.refresh();
  }
}

/** What is wrong with a landing, as sentences. */
export async function findingsOf({ context }: Site, open: WebLanding): Promise<string[]> {
  if (open.rendered.connectors.length === 0) return ['It has no tables yet: set a connection up first.'];
  try {
    const found = await context.checkLanding(open);
    return found.map(({ connector, key, problem, remedy }) => `${connector}${key === undefined ? '' : `: ${key}`} ${problem} ${remedy}`);
  } catch (error) {
    return [asTributaryError(error, 'Checking the landing').message];
  }
}

export function requireLandingOf({ context }: Site, name: string): { readonly name: string; readonly open: WebLanding } {
  const open = context.landings().find(({ landing }) => landing.name === name);
  if (open) return { name, open };
  throw new TributaryError(`No landing is called ${name}.`, { kind: 'config', code: 'not_found' });
}

/** The last observed state; a landing that was just added has none yet. */
function viewOf({ board }: Site, { landing }: WebLanding): LandingView {
  return (
    board.snapshot().landings.find(({ name }) => name === landing.name) ?? {
      name: landing.name,
      kind: landing.settings.kind,
      state: 'unknown',
      connections: landing.connections.map(({ name }) => name),
      sinks: [],
      problems: [],
      notes: [],
      rowsAtMost: 0,
      lagSeconds: 0,
    }
  );
}
