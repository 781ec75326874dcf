/** Folder with kubeconform, actionlint and helm. Throws when they cannot be built. */
export function goTools(): string;
