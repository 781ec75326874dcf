// Writes grafana/tributary-export.json: the dashboard in the form Grafana exports for sharing, to be imported by hand (Dashboards, New,
// Import). There Grafana asks for the data source; the provisioned dashboard takes the first Prometheus there is.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const grafana = join(dirname(dirname(fileURLToPath(import.meta.url))), 'grafana');

/** The export form of the dashboard. */
export function exportForm(dashboard) {
  const input = {
    name: 'DS_PROMETHEUS',
    label: 'Prometheus',
    description: 'The data source that scrapes the workers',
    type: 'datasource',
    pluginId: 'prometheus',
    pluginName: 'Prometheus',
  };
  // Grafana puts the chosen data source wherever the input is named.
  const chosen = { selected: false, text: '${DS_PROMETHEUS}', value: '${DS_PROMETHEUS}' };
  const list = dashboard.templating.list.map((one) => (one.name === 'datasource' ? { ...one, current: chosen } : one));
  return { __inputs: [input], ...dashboard, id: null, templating: { list } };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const dashboard = JSON.parse(readFileSync(join(grafana, 'dashboards/tributary.json'), 'utf8'));
  writeFileSync(join(grafana, 'tributary-export.json'), `${JSON.stringify(exportForm(dashboard), null, 1)}\n`);
}
