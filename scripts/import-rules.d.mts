/** All forbidden imports below `root`, as `file: imports x: reason`. */
export function importViolations(root: string): string[];
