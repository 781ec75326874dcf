// Measures the data-sync page: tsx --expose-gc bench/page.ts [pages] [seconds]
// First paint of an overview of 504 tables in Chromium, and memory of the server with pages left open while things change.
import { launchBrowser } from '../test/web/browser.ts';
import { openSite } from '../test/web/open-site.ts';

const [pages = 200, seconds = 60] = process.argv.slice(2).map(Number);
const names = Array.from({ length: 28 }, (_, n) => `workspace_${String(n).padStart(2, '0')}`);
const site = await openSite({
  yaml: `connections:\n${names.map((name) => `  ${name}: { source: segment, settings: { api_token: token_of_a_bench } }`).join('\n')}`,
});

const browser = await launchBrowser();
const page = await browser.newPage();
const paints: number[] = [];
for (let look = 0; look < 7; look += 1) {
  await page.goto(site.url);
  // Not the moment the page is loaded: Chromium may paint after it.
  let paint: number | undefined;
  // Not waitForFunction, which the page's own content policy forbids.
  while (paint === undefined) paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  paints.push(paint);
}
await browser.close();
const html = await (await fetch(site.url)).text();
paints.sort((a, b) => a - b);
console.log(
  `504 tables: first paint ${Math.round(paints[3] ?? 0)} ms (median of 7, slowest ${Math.round(paints.at(-1) ?? 0)} ms), ${Math.round(html.length / 1000)} kB of HTML`,
);

const away = new AbortController();
let heard = 0;
const open = Array.from({ length: pages }, async () => {
  try {
    const answer = await fetch(`${site.url}/events`, { signal: away.signal });
    for await (const _ of answer.body as unknown as AsyncIterable<Uint8Array>) heard += 1;
  } catch (error) {
    if (!away.signal.aborted) throw error;
  }
});
while (site.app.events.size() < pages) await new Promise((resolve) => setTimeout(resolve, 50));
const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1_048_576;
};
const heaps: number[] = [];
let version = 1;
for (let second = 0; second < seconds; second += 1) {
  // As often as workers tell of a busy prefix.
  for (let change = 0; change < 5; change += 1) {
    version += 1;
    site.board.tell({ version, names: ['workspace_00.sources'] });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  if (second % Math.max(1, Math.floor(seconds / 6)) === 0) heaps.push(heap());
}
console.log(
  `${pages} open pages, ${version - 1} changes each, ${heard} messages heard; heap in MiB: ${heaps.map((mib) => mib.toFixed(1)).join(', ')}`,
);
away.abort();
await Promise.all(open);
await site.close();
