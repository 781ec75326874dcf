/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { Bare } from './layout.tsx';

/** `ended`: something was sent by a session that had ended. */
export function Login({ to, error, ended = false }: { to: string; error?: string; ended?: boolean }) {
  return (
    <Bare title="Log in">
      {ended ? (
        <p class="notice bad" role="alert">
          Your log-in had ended, so what you sent was not done. Log in, and do it again.
        </p>
      ) : null}
      {error === undefined ? null : (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      <form method="post" action="/login" class="form">
        <input type="hidden" name="to" value={to} />
        <label>
          Token <input type="password" name="token" required autocomplete="current-password" autofocus />
        </label>
        <p class="note">
          It is <code>web.token</code> in the settings of Tributary.
        </p>
        <button type="submit" class="button main">
          Log in
        </button>
      </form>
    </Bare>
  );
}

export function ErrorPage({ title, message, remedy }: { title: string; message: string; remedy?: string | undefined }) {
  return (
    <Bare title={title}>
      <p class="words">{message}</p>
      {remedy === undefined ? null : <p class="words">{remedy}</p>}
      <p>
        <a href="/">Overview</a>
      </p>
    </Bare>
  );
}
