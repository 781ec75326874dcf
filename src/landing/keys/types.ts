export interface KeyTable {
  /** Settings of the connector, in addition to those of every sink. */
  readonly allowed: readonly string[];
  readonly required: readonly string[];
  /** Prefixes of settings with free endings, for example `hibernate.`. */
  readonly prefixes?: readonly string[];
  /** Numbers with a lower bound. */
  readonly least?: readonly { readonly key: string; readonly value: number; readonly why: string }[];
  /** Settings for which only one value neither loses nor duplicates rows, with the reason. */
  readonly fixed?: readonly { readonly key: string; readonly value: string; readonly why: string }[];
}
