/**
 * Keeps Node's warning of a negative time-out from the user: since Node 24 each connection of kafkajs 2.2.4 causes one
 * (`RequestQueue.scheduleCheckPendingRequests`), it means nothing, and nobody here could do anything about it. All others are shown.
 */
export function hideKnownWarnings(): void {
  const listeners = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === 'TimeoutNegativeWarning') return;
    for (const listener of listeners) listener.call(process, warning);
  });
}
