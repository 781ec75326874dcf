import type { User } from '../security.ts';

/** What every page needs beside what it shows. */
export interface View {
  /** Epoch ms. */
  readonly now: number;
  readonly user: User;
  readonly formToken: string;
  readonly readOnly: boolean;
  readonly path: string;
  /** What was just done, as a sentence. */
  readonly done?: string;
  /** Parts that are away now, as sentences. */
  readonly away: readonly string[];
  readonly version: string;
  readonly tokenAsked: boolean;
}

export const connectionPath = (connection: string): string => `/c/${encodeURIComponent(connection)}`;
export const tablePath = (connection: string, table: string): string => `${connectionPath(connection)}/t/${encodeURIComponent(table)}`;
export const landingPath = (landing: string): string => `/l/${encodeURIComponent(landing)}`;
