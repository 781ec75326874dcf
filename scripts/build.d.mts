/** Compiles into `dist` unless the sources are those it was compiled from. Answers whether `dist` is good. */
export function build(root: string): boolean;
