/** The one list of words that usually name a secret. */
const WORDS = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'credential',
  'ciphertext',
  'cookie',
  'signature',
  'authori[sz]ation',
];
const NAME = new RegExp([...WORDS, 'keys?$'].join('|'));
/** Settings of connectors name many keys of rows; theirs that are secrets have longer names. */
const SETTING = new RegExp([...WORDS, 'privatekey', 'accesskey', 'userinfo', 'connectionstring', 'jaas'].join('|'));

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Whether what stands under this name usually is a secret, however it is spelt. */
export function isSecretName(name: string): boolean {
  return NAME.test(plain(name));
}

/** Whether a connector's setting of this name usually is a secret. */
export function isSecretSetting(name: string): boolean {
  return SETTING.test(plain(name));
}

/** How the same names stand before `:` or `=` in a text; parts of a pattern. */
export const SECRET_WORDS = [
  '(?:proxy-)?authorization',
  '(?:set-)?cookie',
  '(?:x-(?:pendo-)?)?(?:api|integration)[-_]?key',
  'x-auth-token',
  'passw(?:or)?d',
  'passphrase',
  '(?:client[-_])?secret',
  '(?:(?:access|refresh)[-_])?token',
  'accountkey',
] as const;
