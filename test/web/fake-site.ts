import { onTestFinished } from 'vitest';
import { openSite } from './open-site.ts';

export { fakeSettings, NOW, runRecord, type Told } from './open-site.ts';

/** {@link openSite} for one test. */
export async function fakeSite(options: Parameters<typeof openSite>[0] = {}) {
  const site = await openSite(options);
  onTestFinished(site.close);
  return site;
}
