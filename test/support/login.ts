/**
 * What the shared stack's Kafka, registry and Connect ask for; undefined where a running stack asks for nothing. By the
 * environment, so that processes which a test starts have it too.
 */
export function stackLogin(): { readonly username: string; readonly password: string } | undefined {
  const text = process.env['TRIBUTARY_TEST_LOGIN'];
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as { username: string; password: string });
}

/** {@link stackLogin} as settings of Kafka and the registry carry it. */
export function kafkaLogin(): { readonly sasl?: { readonly mechanism: 'plain'; readonly username: string; readonly password: string } } {
  const login = stackLogin();
  return login === undefined ? {} : { sasl: { mechanism: 'plain', ...login } };
}

/** {@link stackLogin} as an HTTP header. */
export function loginHeader(): Record<string, string> {
  const login = stackLogin();
  return login === undefined ? {} : { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}` };
}

/** {@link stackLogin} as a landing's Avro converter has it: Connect of the stack knows the password by this name. */
export function converterLogin(): { readonly login?: { readonly username: string; readonly passwordRef: string } } {
  const login = stackLogin();
  return login === undefined ? {} : { login: { username: login.username, passwordRef: 'env:TRIBUTARY_REGISTRY_PASSWORD' } };
}

/** {@link stackLogin} as further fields of a landing in a settings file, which begins and goes on after them. */
export function landingLogin(): string {
  const login = stackLogin();
  if (login === undefined) return '';
  return `registry_credentials_ref: "env:TRIBUTARY_REGISTRY_PASSWORD", connect_username: ${login.username}, connect_password: ${JSON.stringify(login.password)}, `;
}
