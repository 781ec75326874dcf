/** Folder with kubeconform, actionlint and helm. Throws when they cannot be had. */
export function deployTools(): string;
