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
/** For connector settings: many of them are called `...key` and name a row's key; those for secrets have longer names. */
const SETTING = new RegExp([...WORDS, 'privatekey', 'accesskey', 'userinfo', 'connectionstring', 'jaas'].join('|'));

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Whether a value with this name usually is a secret, however the name is spelt. */
export function isSecretName(name: string): boolean {
  return NAME.test(plain(name));
}

/** Whether a connector setting with this name usually is a secret. */
export function isSecretSetting(name: string): boolean {
  return SETTING.test(plain(name));
}

/** Pattern parts for the same names in front of `:` or `=` in a text. */
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
