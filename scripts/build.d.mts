/** Compiles into `dist` unless the sources are those it was compiled from. Answers whether `dist` is good. */
export function build(root: string): boolean;

/** Leaves the commit it is built from in dist/REVISION, where that is known. */
export function nameRevision(root: string): void;
