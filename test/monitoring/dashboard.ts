import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { grafana } from './prometheus.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

export interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly allValue: string;
      readonly query: { readonly query: string };
    }[];
  };
}

export const dashboard = JSON.parse(readFileSync(join(grafana, 'dashboards/tributary.json'), 'utf8')) as Dashboard;

export interface PanelQuery {
  readonly panel: string;
  readonly expression: string;
}

/** Every expression as Grafana sends it, with all connections chosen. */
export function panelQueries(rateInterval: string): PanelQuery[] {
  return dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr }) => ({
      panel: `${title} ${refId}`,
      expression: expr
        .replaceAll('$connection', '.+')
        .replaceAll('$job', '.+')
        .replaceAll('$instance', '.+')
        .replaceAll('$__rate_interval', rateInterval),
    })),
  );
}
