/** Returns a metric label for an endpoint: without keys, mail addresses or URLs, and with few different values per connection. */
export type EndpointLabels = (connection: string, endpoint: string) => string;

const mostPerConnection = 60;

export function createEndpointLabels(): EndpointLabels {
  const known = new Map<string, Set<string>>();
  return (connection, endpoint) => {
    const label = withoutIds(endpoint);
    const seen = known.get(connection) ?? new Set<string>();
    known.set(connection, seen);
    if (!seen.has(label) && seen.size >= mostPerConnection) return 'other';
    seen.add(label);
    return label;
  };
}

function withoutIds(endpoint: string): string {
  const path = endpoint.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/[?#].*$/s, '');
  const parts = path.split('/').map((part) => (looksLikeId(part) ? ':id' : part));
  return parts.join('/').slice(0, 80) || '/';
}

function looksLikeId(part: string): boolean {
  return (
    part.length > 40 ||
    part.includes('@') ||
    part.includes('%') ||
    /^\d+$/.test(part) ||
    /^[0-9a-f-]{16,}$/i.test(part) ||
    (/\d/.test(part) && /[A-Z]/.test(part) && !part.includes(' '))
  );
}
