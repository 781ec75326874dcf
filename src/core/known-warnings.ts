/**
 * Hides Node's warning about a negative time-out; all other warnings are shown. Since Node 24, each connection of kafkajs
 * 2.2.4 causes one (`RequestQueue.scheduleCheckPendingRequests`). It is harmless, and the user cannot do anything about it.
 */
export function hideKnownWarnings(): void {
  const listeners = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === 'TimeoutNegativeWarning') return;
    for (const listener of listeners) listener.call(process, warning);
  });
}
