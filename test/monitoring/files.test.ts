import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { exportForm } from '../../scripts/grafana-export.mjs';
import { dashboard, type Dashboard } from './dashboard.ts';
import { grafana, runTool } from './prometheus.ts';

const read = <T>(path: string): T => parse(readFileSync(join(grafana, path), 'utf8')) as T;

describe('the alert rules', () => {
  test('lead to a section of the runbook each, and the runbook has no other', () => {
    const { groups } = read<{
      groups: { rules: { alert?: string; labels?: { severity: string }; annotations?: Record<string, string> }[] }[];
    }>('alerts.yml');
    const alerts = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
    const runbook = readFileSync(join(grafana, '../docs/runbook.md'), 'utf8');
    const sections = new Map(
      runbook
        .split(/^## /m)
        .slice(1)
        .map((text): [string, string] => [text.slice(0, text.indexOf('\n')), text]),
    );
    expect(alerts.map(({ alert }) => alert)).toEqual([...sections.keys()]);
    for (const { alert = '', labels, annotations } of alerts) {
      expect(annotations?.['runbook_url']).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      expect(sections.get(alert)).toContain(`**${labels?.severity}.**`);
      expect(sections.get(alert)!.length).toBeGreaterThan(150);
    }
  });

  test('pass promtool, and so do their unit tests', () => {
    for (const args of [
      ['check', 'rules', 'alerts.yml'],
      ['check', 'config', 'prometheus.yml'],
      ['test', 'rules', 'alerts.test.yml'],
    ]) {
      const { code, text } = runTool('promtool', args);
      expect({ args, code, text }).toMatchObject({ code: 0 });
      expect(text).toContain('SUCCESS');
    }
  }, 180_000);

  test('each has a unit test that expects it to fire, a summary and a way out', () => {
    const { groups } = read<{
      groups: { rules: { alert?: string; labels?: { severity?: string }; annotations?: { summary?: string; description?: string } }[] }[];
    }>('alerts.yml');
    const { tests } = read<{ tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] }>('alerts.test.yml');
    const fired = new Set(
      tests
        .flatMap((one) => one.alert_rule_test)
        .filter(({ exp_alerts }) => exp_alerts.length > 0)
        .map(({ alertname }) => alertname),
    );
    const alerts = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
    expect(alerts.length).toBeGreaterThanOrEqual(12);
    for (const { alert, labels, annotations } of alerts) {
      expect(fired, `a unit test of ${alert}`).toContain(alert);
      expect({ alert, severity: labels?.severity, texts: [annotations?.summary, annotations?.description] }).toEqual({
        alert,
        severity: expect.stringMatching(/^(page|ticket)$/),
        texts: [expect.any(String), expect.any(String)],
      });
    }
  });
});

describe('the dashboard', () => {
  test('asks for its data source by a variable that begins with the provisioned one, and has panels that do not overlap', () => {
    const { datasources } = read<{ datasources: { uid: string }[] }>('provisioning/datasources/prometheus.yml');
    const uids = dashboard.panels
      .flatMap(({ datasource, targets = [] }) => [datasource?.uid, ...targets.map((target) => target.datasource.uid)])
      .filter((uid) => uid !== undefined);
    expect([...new Set(uids)]).toEqual(['${datasource}']);
    const [source] = dashboard.templating.list;
    expect(source).toMatchObject({ type: 'datasource', query: 'prometheus', current: { value: datasources[0]?.uid } });
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(cells.length - new Set(cells).size).toBe(0);
    expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  test('has a form to import by hand, which asks for the data source and is else the same (node scripts/grafana-export.mjs writes it)', () => {
    const committed = JSON.parse(readFileSync(join(grafana, 'tributary-export.json'), 'utf8')) as Dashboard & {
      __inputs: { name: string }[];
    };
    expect(committed).toEqual(exportForm(dashboard));
    const named = [...JSON.stringify(committed).matchAll(/\$\{(DS_\w+)\}/g)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(committed.__inputs.map(({ name }) => name)));
    // Provisioned as a file nobody asks, and a name like that would stay.
    expect(JSON.stringify(dashboard)).not.toContain('${DS_');
  });

  test('says of every panel what it means, and lets one choose a connection', () => {
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');
    expect(panels.filter(({ description = '' }) => description.length < 20).map(({ title }) => title)).toEqual([]);
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'prefix', 'job', 'instance', 'connection']);
    const perTable = panels
      .flatMap(({ targets = [] }) => targets)
      .filter(({ expr }) => /tributary_(table|data|sync|records|rows|api|budget|deletes|dead|transaction|errors)/.test(expr));
    expect(perTable.filter(({ expr }) => !expr.includes('connection=~"$connection"')).map(({ expr }) => expr)).toEqual([]);
    const perSink = panels.flatMap(({ targets = [] }) => targets).filter(({ expr }) => /tributary_sink_(lag|tasks|dead)/.test(expr));
    expect(perSink.length).toBeGreaterThan(4);
    expect(perSink.filter(({ expr }) => !expr.includes('connection=~"$connection"')).map(({ expr }) => expr)).toEqual([]);
  });
});
