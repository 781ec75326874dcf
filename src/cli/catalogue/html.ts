import { unitOf, type TableFacts } from './facts.ts';

const STYLE = `:root{color-scheme:light dark;background:Canvas;color:CanvasText;font:16px/1.5 system-ui,sans-serif}body{max-width:70rem;margin:0 auto;padding:1rem}
table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:600;padding:.5rem 0}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8886}
code,pre{font:.9em ui-monospace,monospace}pre{overflow-x:auto;padding:.6rem;background:#8881}section{border-top:2px solid #8886;margin-top:2rem}
dt{font-weight:600}dd{margin:0 0 .4rem}a{color:#0645ad}@media (prefers-color-scheme:dark){a{color:#8ab4f8}}.wide{overflow-x:auto}`;

/** All tables as one self-contained page: no scripts, no external resources. */
export function cataloguePage(tables: readonly TableFacts[], version: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Tables</title>
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'"><style>${STYLE}</style></head>
<body><main>
<h1>Tables</h1>
<p>${tables.length} tables, as tributary ${html(version)} keeps them in Kafka: one topic each, one row per key.</p>
<nav aria-label="Tables"><div class="wide" tabindex="0" role="group" aria-label="All tables"><table><thead><tr><th scope="col">Table</th><th scope="col">Key</th><th scope="col">Read</th></tr></thead><tbody>
${tables.map((table) => `<tr><td><a href="#${html(table.name)}">${html(table.name)}</a></td><td><code>${html(table.key.join(', '))}</code></td><td>${html(table.read)}</td></tr>`).join('\n')}
</tbody></table></div></nav>
${tables.map(section).join('\n')}
</main></body>
</html>
`;
}

function section(table: TableFacts): string {
  const documented =
    table.keyReason === undefined
      ? ''
      : `; the vendor documents <code>${html(table.documentedKey.join(', '))}</code>. ${html(table.keyReason)}`;
  return `<section id="${html(table.name)}"><h2>${html(table.name)}</h2>
<p>${html(table.docs)}.</p>
<dl><dt>Topic</dt><dd><code>${html(table.topic)}</code>, ${table.partitions} partition${table.partitions === 1 ? '' : 's'}</dd>
<dt>Key</dt><dd><code>${html(table.key.join(', '))}</code>${documented}</dd>
<dt>Read</dt><dd>${html(table.read)}</dd><dt>Deletes</dt><dd>${html(table.deletes)}</dd><dt>Lag</dt><dd>${html(table.lag)}</dd></dl>
<div class="wide" tabindex="0" role="group" aria-label="Columns of ${html(table.name)}"><table><caption>Columns</caption><thead><tr><th scope="col">Column</th><th scope="col">Type</th><th scope="col">What it is</th></tr></thead><tbody>
${table.columns.map(({ name, type, doc, key }) => `<tr><td><code>${html(name)}</code>${key ? ' (key)' : ''}</td><td>${unitOf(type)}</td><td>${html(doc)}</td></tr>`).join('\n')}
</tbody></table></div>
<details><summary>Sample queries</summary>
${table.queries.map(({ warehouse, sql }) => `<p>${html(warehouse)}</p><pre tabindex="0" role="group" aria-label="Query for ${html(warehouse)}">${html(sql)}</pre>`).join('\n')}
</details></section>`;
}

const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
