import { createRequire } from 'node:module';

/** What is used here of a connection's queue of requests (kafkajs 2.2.4, src/network/requestQueue). */
export interface RequestQueue {
  readonly pending: readonly unknown[];
  /** Epoch ms until which the broker wants no request. */
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
  readonly enforceRequestTimeout: boolean;
  /** Milliseconds. */
  readonly requestTimeout: number;
  readonly inflight: ReadonlyMap<number, { readonly sentAt: number; readonly requestTimeout: number; timeoutRequest(): void }>;
  requestTimeoutIntervalId: NodeJS.Timeout | undefined;
  scheduleRequestTimeoutCheck(): void;
  sendSocketRequest(request: unknown): void;
  /** Stops both timers. */
  destroy(): void;
}

/** Milliseconds between two looks at requests that wait because too many others are in flight. */
const CHECK_EVERY = 10;

/** Milliseconds between two looks for requests without an answer: a fifteenth of their time-out, within these bounds. */
const [LOOK_OFTEN, LOOK_SELDOM] = [100, 1_000];

/**
 * Makes connections of kafkajs sleep while they have nothing to send. After its first answer each of them looks for requests that
 * wait every millisecond, for ever: the pause is counted from the end of a throttling that never was. Each also looks ten times
 * a second whether an answer is late, whatever the time-out and whether or not one is awaited. An idle worker took 4.6 % of a
 * core for both, and Node 24 warned of a negative time-out.
 */
export function quietIdleConnections(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue };
  prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(this: RequestQueue): void {
    if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      Math.max(this.throttledUntil - Date.now(), CHECK_EVERY),
    );
  };
  prototype.scheduleRequestTimeoutCheck = function scheduleRequestTimeoutCheck(this: RequestQueue): void {
    if (!this.enforceRequestTimeout || this.inflight.size === 0 || this.requestTimeoutIntervalId !== undefined) return;
    this.requestTimeoutIntervalId = setInterval(
      () => {
        const now = Date.now();
        const late = [...this.inflight.values()].filter(({ sentAt, requestTimeout }) => now - sentAt > requestTimeout);
        for (const request of late) request.timeoutRequest();
        // Not as soon as the connection is being closed: what is still awaited then would have no end.
        if (this.inflight.size === 0) stopLooking(this);
      },
      Math.min(Math.max(this.requestTimeout / 15, LOOK_OFTEN), LOOK_SELDOM),
    );
  };
  const { sendSocketRequest, destroy } = prototype;
  prototype.sendSocketRequest = function send(this: RequestQueue, request: unknown): void {
    sendSocketRequest.call(this, request);
    this.scheduleRequestTimeoutCheck();
  };
  prototype.destroy = function end(this: RequestQueue): void {
    destroy.call(this);
    stopLooking(this);
  };
}

function stopLooking(queue: RequestQueue): void {
  clearInterval(queue.requestTimeoutIntervalId);
  queue.requestTimeoutIntervalId = undefined;
}
