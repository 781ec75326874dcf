/** Splits rendered SQL at the semicolons that end a line, dropping comments; `$$` bodies stay whole. */
export function statements(sql: string): string[] {
  const found: string[] = [];
  let current: string[] = [];
  let inBody = false;
  for (const line of sql.split('\n')) {
    if (!inBody && (line.startsWith('--') || line.trim() === '')) continue;
    if ((line.match(/\$\$/g)?.length ?? 0) % 2 === 1) inBody = !inBody;
    current.push(line);
    if (!inBody && line.trimEnd().endsWith(';')) {
      found.push(current.join('\n').replace(/;\s*$/, ''));
      current = [];
    }
  }
  if (current.length > 0) found.push(current.join('\n'));
  return found;
}
