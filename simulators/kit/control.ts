import { json, listen, readBody } from './http-server.ts';

/** Operations on a running simulator. Arguments and results are plain JSON values. */
export type Operations = Record<string, (args: any) => unknown>;
/** Long answers, one JSON text per line. */
export type Streams = Record<string, () => Iterable<string>>;

/**
 * The control interface for another process: `POST /<operation>` with a JSON object as arguments answers `{"result": …}`, or
 * with status 400 `{"error": "…"}`; `GET /<stream>` answers lines of JSON; `GET /` lists both.
 */
export function startControl(operations: Operations, streams: Streams, port = 0): Promise<{ url: string; close(): Promise<void> }> {
  return listen(async (request, response) => {
    const name = decodeURIComponent((request.url ?? '/').split('?')[0] as string).slice(1);
    const send = (answer: ReturnType<typeof json>): void => void response.writeHead(answer.status, answer.headers).end(answer.body);
    try {
      if (request.method === 'GET' && name === '') {
        return send(json(200, { operations: Object.keys(operations), streams: Object.keys(streams) }));
      }
      if (request.method === 'GET' && Object.hasOwn(streams, name)) {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        let lines: string[] = [];
        for (const line of (streams[name] as () => Iterable<string>)()) {
          if (lines.push(line) < 500) continue;
          const flushed = response.write(`${lines.join('\n')}\n`);
          lines = [];
          if (!flushed) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
          if (response.destroyed) return;
        }
        return void response.end(lines.length > 0 ? `${lines.join('\n')}\n` : '');
      }
      if (request.method === 'POST' && Object.hasOwn(operations, name)) {
        const body = await readBody(request);
        const result = await (operations[name] as (args: unknown) => unknown)(body === '' ? {} : JSON.parse(body));
        return send(json(200, { result: result ?? null }));
      }
      send(json(404, { error: `The simulator has no operation "${name}". GET / lists them.` }));
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      send(json(400, { error: error instanceof Error ? error.message : String(error) }));
    }
  }, port);
}
