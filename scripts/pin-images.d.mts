export interface Pinned {
  readonly image: string;
  readonly digest: string | undefined;
}

export const FILES: readonly string[];
export function imagesIn(text: string): readonly Pinned[];
export function pinned(text: string, digests: ReadonlyMap<string, string>): string;
export function digestOf(image: string, ask?: typeof fetch): Promise<string>;
