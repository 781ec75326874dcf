class Branch {
  [member: string]: unknown;
}
// Without a prototype, because then a member named `__proto__` is an ordinary member.
Object.setPrototypeOf(Branch.prototype, null);

/** Values that no column holds, in the vendor's structure. */
export class UnmappedFields {
  #root: Branch | undefined;

  /** Keeps the value under the path, unless a value that contains it is kept already. Null is not kept, because it says nothing. */
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

  /** All kept values; undefined when there are none. */
  all(): Record<string, unknown> | undefined {
    return this.#root;
  }
}
