// node scripts/test-tools.mjs: programs of the system that the tests run.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Debian packages the tests run, and the commands by which one sees that they are there. */
const PACKAGES = {
  prometheus: ['prometheus', 'promtool'],
  'docker-compose': ['docker-compose'],
  chromium: ['chromium'],
  'postgresql-client': ['psql', 'pg_isready'],
};

/**
 * Installs what is missing where that is possible: as root on Debian. Elsewhere answers false, having said
 * what to install.
 */
function ensureTestTools() {
  const missing = Object.entries(PACKAGES)
    .filter(([, commands]) => !commands.every(installed))
    .map(([name]) => name);
  if (missing.length === 0) return true;
  const advice = `The tests need ${missing.join(' and ')} (Debian: apt-get install --no-install-recommends ${missing.join(' ')}).`;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version') || !installed('apt-get')) {
    console.log(advice);
    return false;
  }
  console.log(`installing ${missing.join(', ')}`);
  const done = withoutServices(() => install(missing) || (aptGet('update') && install(missing)));
  if (!done || !missing.every((name) => PACKAGES[name].every(installed))) {
    console.log(`They could not be installed. ${advice}`);
    return false;
  }
  return true;
}

const install = (packages) => aptGet('install', '-y', '--no-install-recommends', ...packages);

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

/** A package's own service must not start: it would stay behind, and hold the port. */
function withoutServices(work) {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return work();
  } finally {
    rmSync(policy, { force: true });
  }
}

function installed(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}

if (!ensureTestTools()) process.exitCode = 1;
