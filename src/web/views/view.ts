import type { User } from '../security.ts';

/** Data that every page needs in addition to its own. */
export interface View {
  /** Epoch ms. */
  readonly now: number;
  readonly user: User;
  readonly formToken: string;
  readonly readOnly: boolean;
  readonly path: string;
  /** A message about the action just completed. */
  readonly done?: string;
  /** Messages about parts that are unavailable at the moment. */
  readonly away: readonly string[];
  readonly version: string;
  readonly tokenAsked: boolean;
}

export const connectionPath = (connection: string): string => `/c/${encodeURIComponent(connection)}`;
export const tablePath = (connection: string, table: string): string => `${connectionPath(connection)}/t/${encodeURIComponent(table)}`;
export const landingPath = (landing: string): string => `/l/${encodeURIComponent(landing)}`;
