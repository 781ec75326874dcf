class Branch {
  [member: string]: unknown;
}
// Without a prototype a member called `__proto__` is a member like any other.
Object.setPrototypeOf(Branch.prototype, null);

/** What no column holds, in the vendor's own structure. */
export class UnmappedFields {
  #root: Branch | undefined;

  /** Keeps the value under the path, unless a whole that contains it is kept already. Null says nothing and is not kept. */
  keep(path: readonly string[], value: unknown): void {
    if (value === null || value === undefined) return;
    let branch = (this.#root ??= new Branch());
    for (let i = 0; i < path.length - 1; i += 1) {
      const name = path[i] as string;
      const next = Object.hasOwn(branch, name) ? branch[name] : (branch[name] = new Branch());
      if (!(next instanceof Branch)) return;
      branch = next;
    }
    const last = path[path.length - 1] as string;
    if (!Object.hasOwn(branch, last)) branch[last] = value;
  }

  /** Everything kept; undefined when nothing was. */
  all(): Record<string, unknown> | undefined {
    return this.#root;
  }
}
