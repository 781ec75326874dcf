export const CONSUMER_PACKAGES: readonly string[];
export function pythonWithPackages(packages?: readonly string[]): string;
