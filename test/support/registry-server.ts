import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry whose ids a test decides, where a real one gives them by itself. It speaks as Confluent's does (its API reference: codes 40401, 40403, 40408). */
export interface RegistryServer {
  readonly url: string;
  /** The next id it gives. */
  next: number;
  /** Registers a schema under any subject, as somebody else would; answers its id. */
  register(subject: string, schema: object): number;
  /** Deletes a subject as `DELETE /subjects/x` does: its schemas keep their ids. */
  deleteSoftly(subject: string): void;
  /** Takes nothing new; `known` ones are registered again all the same, as Confluent's does, or only looked up. */
  readOnly: 'known' | 'nothing' | undefined;
  /** What it does instead of answering; undefined for nothing. */
  sick: 'silent' | 500 | undefined;
  close(): Promise<void>;
}

export async function startRegistryServer(first: number): Promise<RegistryServer> {
  const schemas = new Map<number, string>();
  const subjects = new Map<string, number[]>();
  const levels = new Map<string, string>();
  const self = { next: first, sick: undefined as RegistryServer['sick'], readOnly: undefined as RegistryServer['readOnly'] };
  const denied: [number, unknown] = [422, { error_code: 42205, message: 'Subject is in read-only mode' }];

  const register = (subject: string, text: string): number => {
    let id = [...schemas].find(([, known]) => known === text)?.[0];
    if (id === undefined) {
      while (schemas.has(self.next)) self.next += 1;
      id = self.next;
      self.next += 1;
      schemas.set(id, text);
    }
    const versions = subjects.get(subject) ?? [];
    subjects.set(subject, versions.includes(id) ? versions : [...versions, id]);
    return id;
  };

  const answer = (method: string, path: readonly string[], body: Record<string, unknown>): [number, unknown] => {
    const [head = '', name = '', ...rest] = path;
    if (method === 'GET' && head === 'subjects' && name === '') return [200, [...subjects.keys()]];
    if (head === 'config') {
      if (method === 'PUT') {
        if (self.readOnly !== undefined) return denied;
        levels.set(name, String(body['compatibility']));
        return [200, { compatibility: body['compatibility'] }];
      }
      const compatibilityLevel = levels.get(name);
      return compatibilityLevel === undefined
        ? [404, { error_code: 40408, message: `Subject '${name}' does not have subject-level compatibility configured` }]
        : [200, { compatibilityLevel }];
    }
    if (head === 'schemas' && name === 'ids') {
      const schema = schemas.get(Number(rest[0]));
      return schema === undefined ? [404, { error_code: 40403, message: 'Schema not found' }] : [200, { schema }];
    }
    if (head === 'subjects' && method === 'POST' && (rest.length === 0 || self.readOnly !== undefined)) {
      const id = subjects.get(name)?.find((one) => schemas.get(one) === String(body['schema']));
      if (rest.length > 0 && (self.readOnly === 'nothing' || id === undefined)) return denied;
      return id === undefined ? [404, { error_code: 40403, message: 'Schema not found' }] : [200, { id }];
    }
    if (head === 'subjects' && method === 'POST' && rest[0] === 'versions') return [200, { id: register(name, String(body['schema'])) }];
    const versions = subjects.get(name);
    if (head === 'subjects' && versions === undefined) return [404, { error_code: 40401, message: `Subject '${name}' not found.` }];
    if (head === 'subjects' && rest.join('/') === 'versions/latest') {
      const id = versions?.at(-1) as number;
      return [200, { subject: name, version: versions?.length, id, schema: schemas.get(id) }];
    }
    return [404, { error_code: 404, message: `HTTP 404 Not Found: ${method} ${path.join('/')}` }];
  };

  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (self.sick === 'silent') return;
      const path = (request.url ?? '/').split('?')[0]?.split('/').slice(1).map(decodeURIComponent) ?? [];
      const [status, data] =
        self.sick === 500
          ? [500, { error_code: 50001, message: 'Error in the backend data store' }]
          : answer(request.method ?? 'GET', path, text === '' ? {} : (JSON.parse(text) as Record<string, unknown>));
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(JSON.stringify(data));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(self, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    register: (subject: string, schema: object) => register(subject, JSON.stringify(schema)),
    deleteSoftly: (subject: string) => void subjects.delete(subject),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
