/** The known name closest to what was typed; undefined when none is close enough to be what was meant. */
export function closest(typed: string, known: readonly string[]): string | undefined {
  const wanted = normal(typed);
  const limit = Math.min(3, Math.max(1, Math.floor(wanted.length / 3)));
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(wanted, normal(name));
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** `; did you mean x?`; when nothing is close, the choices if they are few; otherwise an empty text. */
export function hint(typed: string, known: readonly string[]): string {
  const name = closest(typed, known);
  if (name !== undefined) return `; did you mean ${name}?`;
  return known.length > 0 && known.length <= 12 ? `; known are ${[...known].sort().join(', ')}` : '';
}

/** The end of a sentence whose remedy lists the choices: `; did you mean x?`, or a full stop. */
export function meantOr(typed: string, known: readonly string[]): string {
  const name = closest(typed, known);
  return name === undefined ? '.' : `; did you mean ${name}?`;
}

function normal(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

/** Number of insertions, deletions, replacements and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  const at = (row: readonly number[], j: number): number => row[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(before, j - 2) + 1 : Infinity;
      row.push(Math.min(replaced, at(previous, j) + 1, at(row, j - 1) + 1, swapped));
    }
    before = previous;
    previous = row;
  }
  return at(previous, b.length);
}
