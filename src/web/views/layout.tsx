/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Child } from 'hono/jsx';
import type { View } from './view.ts';

const places = [
  ['/', 'Overview'],
  ['/imports', 'Imports'],
  ['/workers', 'Workers'],
  ['/audit', 'Commands'],
  ['/settings', 'Settings'],
] as const;

export interface Crumb {
  readonly href: string;
  readonly text: string;
}

/** The frame of every page. `scope`: connections and tables whose changes update it; all when empty. */
export function Page({
  view,
  title,
  crumbs = [],
  scope = [],
  actions,
  children,
  chart = false,
}: {
  view: View;
  title: string;
  crumbs?: readonly Crumb[];
  scope?: readonly string[];
  actions?: Child;
  children?: Child;
  chart?: boolean;
}) {
  return (
    <html lang="en">
      <Head title={title} chart={chart} />
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="top">
          <a class="brand" href="/">
            <Logo />
            Tributary
          </a>
          <nav aria-label="Main">
            {places.map(([href, text]) => (
              <a href={href} {...(view.path === href ? { 'aria-current': 'page' } : {})}>
                {text}
              </a>
            ))}
          </nav>
          <span class="who">
            <span id="live" data-live-state="off" role="status">
              not live
            </span>
            {view.readOnly ? <span class="tag">read-only</span> : null}
            {view.user.by === 'loopback' ? null : <span>{view.user.name}</span>}
            {view.user.by === 'token' && view.tokenAsked ? (
              <form method="post" action="/logout" class="inline">
                <input type="hidden" name="form_token" value={view.formToken} />
                <button class="link" type="submit">
                  Log out
                </button>
              </form>
            ) : null}
          </span>
        </header>
        <main id="main" tabindex={-1} data-scope={scope.join(' ')}>
          {crumbs.length === 0 ? null : (
            <nav class="crumbs" aria-label="Where you are">
              {crumbs.map(({ href, text }) => (
                <>
                  <a href={href}>{text}</a>
                  <span aria-hidden="true"> / </span>
                </>
              ))}
              <span aria-current="page">{title}</span>
            </nav>
          )}
          <div class="head">
            <h1>{title}</h1>
            {actions ? <div class="actions">{actions}</div> : null}
          </div>
          <div id="away" data-live="">
            {view.away.map((text) => (
              <p class="notice bad" role="alert">
                {text}
              </p>
            ))}
          </div>
          {view.done === undefined ? null : (
            <p class="notice good" role="status">
              {view.done}
            </p>
          )}
          {children}
        </main>
        <footer>Tributary {view.version}</footer>
      </body>
    </html>
  );
}

/** A page without navigation: for the log-in and for errors. */
export function Bare({ title, children }: { title: string; children?: Child }) {
  return (
    <html lang="en">
      <Head title={title} chart={false} />
      <body class="bare">
        <main id="main">
          <p class="brand">
            <Logo />
            Tributary
          </p>
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
  );
}

function Head({ title, chart }: { title: string; chart: boolean }) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${title} · Tributary`}</title>
      <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/assets/page.css" />
      {chart ? <link rel="stylesheet" href="/assets/uplot.css" /> : null}
      {chart ? <script src="/assets/uplot.js" defer /> : null}
      <script src="/assets/page.js" defer />
    </head>
  );
}

const Logo = () => (
  <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" class="logo">
    <path d="M3 4c4 0 5 4 9 8M21 4c-4 0-5 4-9 8M12 12v9" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
  </svg>
);
