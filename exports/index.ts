/** `tributary`: its version. Sources are written with `tributary/source`, topics are read with `tributary/consumer`. */
export { VERSION } from '../src/core/version.ts';
