import type { Context } from 'hono';
import type { Guarded } from './guard.ts';
import type { Board, BoardChange } from './model/board.ts';

const heartbeatMs = 15_000;
/** Most open pages; a further one is told to try again later. */
const mostPages = 1_000;
/** Of one browser: whoever opens more must not keep the others out. */
const mostOfSession = 100;
/** A page that takes nothing any more must not pile up what it was told. */
const mostWaiting = 20;

/** Sends changes to every open page. Each change is serialised once for all pages. */
export interface EventStream {
  /** Answers a request with the stream. */
  open(c: Context<Guarded>): Response;
  /** Pages that are open. */
  size(): number;
  close(): void;
}

export function createEventStream(board: Board): EventStream {
  const pages = new Set<{ readonly session: string; readonly send: (text: Uint8Array) => void; readonly end: () => void }>();
  const encoder = new TextEncoder();
  let unsubscribe: (() => void) | undefined;

  const tell = (text: string): void => {
    const bytes = encoder.encode(text);
    for (const page of pages) page.send(bytes);
  };
  const onChange = ({ version, names }: BoardChange): void =>
    tell(`id: ${version}\nevent: change\ndata: ${JSON.stringify({ version, names: names.slice(0, 200) })}\n\n`);
  const heart = setInterval(() => tell(`event: heartbeat\ndata: ${board.version()}\n\n`), heartbeatMs);
  heart.unref();

  return {
    size: () => pages.size,
    open(c) {
      const session = c.get('session');
      if (pages.size >= mostPages || [...pages].filter((page) => page.session === session).length >= mostOfSession)
        return c.text('Too many pages are open.\n', 503, { 'retry-after': '30' });
      let leave: () => void = () => undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const page = {
            session,
            send(text: Uint8Array) {
              if ((controller.desiredSize ?? 1) < -mostWaiting) {
                leave();
                controller.error(new Error('the page does not read'));
                return;
              }
              controller.enqueue(text);
            },
            end: () => {
              leave();
              controller.close();
            },
          };
          leave = () => {
            pages.delete(page);
            if (pages.size === 0) {
              unsubscribe?.();
              unsubscribe = undefined;
            }
          };
          pages.add(page);
          unsubscribe ??= board.subscribe(onChange);
          page.send(encoder.encode(`retry: 2000\nid: ${board.version()}\nevent: hello\ndata: ${board.version()}\n\n`));
        },
        cancel: () => leave(),
      });
      return c.body(body, 200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    },
    close() {
      clearInterval(heart);
      for (const page of [...pages]) page.end();
    },
  };
}
