export function pythonWithPackages(): string;
