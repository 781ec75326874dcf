import type { Settings } from '../config/settings.ts';
import type { FollowedSettings } from '../config/follow-settings.ts';
import { checkLanding } from '../landing/check.ts';
import { createWebApp, type WebApp } from '../web/app.tsx';
import type { Cli } from './app.ts';
import type { KafkaSession } from './session/kafka-session.ts';
import { applyOpenLanding, openLandings, placeOf } from './landings.ts';

/** Opens the data-sync page over a session with Kafka. Throws like `createWebApp`. */
export function openPage(cli: Cli, settings: Settings, kafka: KafkaSession, followed: FollowedSettings): WebApp {
  const { clock, random, variables, version } = cli.deps;
  return createWebApp(
    {
      settings: followed.now,
      settingsFile: followed.file,
      sources: cli.sources,
      variables,
      clock,
      random,
      version,
      access: kafka.access,
      registry: kafka.registry,
      redactor: cli.redactor,
      log: cli.log,
      localWarehouse: kafka.postgres !== undefined,
      // Resolved for each request, because Connect of the local stack may have started in the meantime.
      landings: () => openLandings(followed.now(), placeOf(kafka)),
      checkLanding: ({ landing, rendered, connect }) => checkLanding(landing, rendered, connect),
      applyLanding: (open, signal) => applyOpenLanding(followed.now(), open, kafka.access, kafka.postgres, clock.now, signal),
      reloadSettings: followed.reload,
    },
    settings,
  );
}
