/** Keeps items spread evenly over a sequence of unknown length. */
export function spreadSample<T>(most: number): { add(item: T): void; items(): readonly T[] } {
  let kept: T[] = [];
  let [stride, seen] = [1, 0];
  return {
    add(item) {
      if (seen % stride === 0) kept.push(item);
      seen += 1;
      if (kept.length < most * 2) return;
      kept = kept.filter((_, at) => at % 2 === 0);
      stride *= 2;
    },
    items: () => kept,
  };
}
