/** Requests the vendor allows for profiles in each minute of its clock. */
const allowedPerMinute = 750;
const minuteMs = 60_000;

export interface LimitsUsed {
  /** Minutes of the vendor's clock from begin to end with a backlog. */
  readonly whole: number;
  /** Of what those allowed, the part that was used. */
  readonly share: number;
  readonly refused: number;
}

/**
 * How much of the vendor's allowance was used while there was a backlog. Only whole minutes of its clock count: in a
 * minute that was begun or left in the middle more may be allowed than its part of the time, since all 750 may come in ten seconds.
 */
export function limitsUsed(requests: readonly { readonly time: number; readonly status: number }[]): LimitsUsed {
  const perMinute = new Map<number, number>();
  for (const { time, status } of requests) {
    const minute = Math.floor(time / minuteMs);
    perMinute.set(minute, (perMinute.get(minute) ?? 0) + (status === 200 ? 1 : 0));
  }
  const minutes = [...perMinute.keys()].sort((a, b) => a - b);
  const [first = 0, last = 0] = [minutes[0], minutes.at(-1)];
  let used = 0;
  // A minute without any request between them counts as one that was not used.
  for (let minute = first + 1; minute < last; minute += 1) used += perMinute.get(minute) ?? 0;
  const whole = Math.max(0, last - first - 1);
  return {
    whole,
    share: whole === 0 ? 0 : used / (whole * allowedPerMinute),
    refused: requests.filter(({ status }) => status === 429).length,
  };
}
