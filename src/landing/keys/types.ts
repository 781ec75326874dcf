export interface KeyTable {
  /** Keys the connector knows beside those of every sink. */
  readonly allowed: readonly string[];
  readonly required: readonly string[];
  /** Families of keys with free endings, e.g. `hibernate.`. */
  readonly prefixes?: readonly string[];
  /** Numbers that must not be smaller. */
  readonly least?: readonly { readonly key: string; readonly value: number; readonly why: string }[];
  /** Values that would lose or double rows: key, the only value accepted, why. */
  readonly fixed?: readonly { readonly key: string; readonly value: string; readonly why: string }[];
}
