import axios from 'axios';
import { TributaryError } from '../core/errors.ts';
import { USER_AGENT } from '../core/version.ts';
import type { KafkaSettings, SaslOauth } from './types.ts';
import { timeLimit } from '../core/signals.ts';

interface Token {
  readonly value: string;
  readonly extensions?: Readonly<Record<string, string>>;
}

type TokenProvider = () => Promise<Token>;

const answerMs = 10_000;
/**
 * Share of its lifetime for which a token is used. A session ends with its token at the latest. kafkajs logs in again 10 s
 * earlier, and a broker that is asked for this twice within a second answers ILLEGAL_SASL_STATE (KIP-368), so a token must
 * have time left.
 */
const usedShare = 0.25;
/** Lifetime (ms) of a token whose endpoint does not state it. */
const unknownLifeMs = 60_000;

const providers = new WeakMap<KafkaSettings, TokenProvider>();

/** The token source of these settings, shared by their clients. Undefined for other log-in mechanisms. */
export function tokenProvider(settings: KafkaSettings): TokenProvider | undefined {
  const { sasl } = settings;
  if (sasl === undefined || 'password' in sasl) return undefined;
  const known = providers.get(settings);
  if (known !== undefined) return known;
  const made = cached(sasl.mechanism === 'oauthbearer' ? () => fromEndpoint(sasl) : () => fromAws(sasl.region, sasl.role));
  providers.set(settings, made);
  return made;
}

interface Fetched {
  readonly token: Token;
  readonly lifeMs: number;
}

/** One request at a time, and none while the last token is valid. Times are monotonic, so setting the clock has no effect. */
function cached(fetchToken: () => Promise<Fetched>): TokenProvider {
  let held: { readonly token: Token; readonly until: number } | undefined;
  let fetching: Promise<Token> | undefined;
  return async () => {
    if (held !== undefined && performance.now() < held.until) return held.token;
    fetching ??= fetchToken()
      .then(({ token, lifeMs }) => {
        held = { token, until: performance.now() + lifeMs * usedShare };
        return token;
      })
      .finally(() => (fetching = undefined));
    return fetching;
  };
}

/** RFC 6749, 4.4: client credentials. */
async function fromEndpoint({
  token_url: url,
  client_id: id,
  client_secret: secret,
  client_auth: how,
  scope,
  audience,
  extensions,
}: SaslOauth): Promise<Fetched> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope === undefined ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
  });
  if (how === 'body') {
    form.set('client_id', id);
    form.set('client_secret', secret);
  }
  const { host } = new URL(url);
  let answer: { readonly status: number; readonly data: unknown };
  try {
    answer = await axios.post<unknown>(url, form.toString(), {
      maxRedirects: 0,
      maxContentLength: 1_000_000,
      validateStatus: () => true,
      proxy: false,
      signal: timeLimit(answerMs),
      headers: { 'user-agent': USER_AGENT, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      // Both parts are form-encoded first (RFC 6749, 2.3.1).
      ...(how === 'body' ? {} : { auth: { username: encodeURIComponent(id), password: encodeURIComponent(secret) } }),
    });
  } catch (error) {
    // axios's errors contain the request with its secret.
    const { code } = error as NodeJS.ErrnoException;
    throw new TributaryError(`The token endpoint at ${host} does not answer${code === undefined ? '' : ` (${code})`}.`, {
      kind: 'transient',
      reach: 'connection',
      code: 'kafka:token_unreachable',
      remedy: 'It is tried again. If this persists, check kafka.sasl.token_url and the network.',
    });
  }
  const body = (typeof answer.data === 'object' && answer.data !== null ? answer.data : {}) as Readonly<Record<string, unknown>>;
  const { access_token: value, expires_in: seconds, error: reason } = body;
  if (answer.status !== 200 || typeof value !== 'string' || value === '') {
    const passes = answer.status === 408 || answer.status === 429 || answer.status >= 500;
    const said = typeof reason === 'string' && /^[\w-]{1,60}$/.test(reason) ? ` (${reason})` : '';
    throw new TributaryError(
      answer.status === 200
        ? `The token endpoint at ${host} answered without a token.`
        : `The token endpoint at ${host} answered ${answer.status}${said}.`,
      {
        kind: passes ? 'transient' : 'config',
        reach: 'connection',
        code: 'kafka:token',
        remedy: passes
          ? 'It is tried again.'
          : `Check client_id, client_secret, scope and token_url of kafka.sasl; some endpoints want client_auth: ${how === 'body' ? 'basic' : 'body'}.`,
      },
    );
  }
  const life = Number(seconds);
  return {
    token: { value, ...(extensions === undefined ? {} : { extensions }) },
    lifeMs: Number.isFinite(life) && life > 0 ? life * 1_000 : unknownLifeMs,
  };
}

/** A request signed with this machine's AWS credentials, which Amazon MSK accepts as a token. */
async function fromAws(region: string, role: string | undefined): Promise<Fetched> {
  // Loaded only when it is used.
  const { generateAuthToken, generateAuthTokenFromRole } = await import('aws-msk-iam-sasl-signer-js');
  try {
    const { token, expiryTime } =
      role === undefined ? await generateAuthToken({ region }) : await generateAuthTokenFromRole({ region, awsRoleArn: role });
    return { token: { value: token }, lifeMs: Math.max(0, expiryTime - Date.now()) };
  } catch (error) {
    const { name } = error as Error;
    throw new TributaryError(`AWS gave no credentials to log in to Kafka with (${name}).`, {
      kind: /Timeout|Network|ECONN/.test(name) ? 'transient' : 'config',
      reach: 'connection',
      code: 'kafka:aws_credentials',
      remedy: 'Give this process a role (instance, task or pod), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  }
}
