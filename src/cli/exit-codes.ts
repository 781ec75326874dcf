/** Exit codes of the process. */
export const exitCodes = { ok: 0, someFailed: 1, badSettings: 2, interrupted: 130 } as const;
