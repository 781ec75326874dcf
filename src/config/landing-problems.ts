import { landingPlace } from '../landing/place.ts';
import { connectorNames } from '../landing/render.ts';
import type { Problem } from './placeholders.ts';
import type { RawSettings } from './schema.ts';
import type { ConnectionSettings } from './settings.ts';

/** Problems between landings: connectors that would have the same name, and tables that two of them would write. */
export function landingProblems(landings: RawSettings['landings'], connections: readonly ConnectionSettings[]): Problem[] {
  const problems: Problem[] = [];
  const connectors = new Map<string, string>();
  const places = new Map<string, string>();
  for (const [landing, settings] of Object.entries(landings)) {
    const path = ['landings', landing];
    // Its place is the local stack's own, and there is at most one.
    const place = settings === 'embedded' ? undefined : landingPlace(settings);
    for (const { name, tables } of connections) {
      if (settings !== 'embedded' && settings.connections?.includes(name) === false) continue;
      const names =
        settings === 'embedded'
          ? [`${landing}-${name}`]
          : connectorNames(
              landing,
              settings,
              name,
              tables.map((table) => table.name),
            );
      const taken = names.find((one) => connectors.has(one) && connectors.get(one) !== landing);
      if (taken !== undefined)
        problems.push({
          path,
          text: `and landings.${connectors.get(taken)} would both have a connector ${taken}, and each apply would replace the other's; give one of the landings another name`,
        });
      for (const one of names) connectors.set(one, connectors.get(one) ?? landing);
      if (place === undefined) continue;
      const at = `${place.place} ${name}`;
      const other = places.get(at);
      if (other !== undefined)
        problems.push({
          path,
          text: `would write the same tables of ${name} as landings.${other}: of two sinks the slower puts older rows over newer ones; give it another ${place.apart} or other connections`,
        });
      else places.set(at, landing);
    }
  }
  return problems;
}
