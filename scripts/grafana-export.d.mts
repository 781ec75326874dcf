/** The export form of a dashboard. */
export function exportForm(dashboard: object): Readonly<Record<string, unknown>>;
