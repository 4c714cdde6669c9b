import type { Counted, Slice } from '../listing.js';

/** A network that only admins and these users may use. */
export interface RestrictedNetwork {
  readonly id: string;
  readonly userIds: readonly string[];
  readonly updatedAt: Date;
}

/** Which networks are restricted, and to whom. */
export interface NetworkRightRepository {
  /** Ids of all restricted networks. */
  restricted(): Promise<readonly string[]>;
  /** Those of the given networks that the user is listed for. */
  granted(userId: string, networkIds: readonly string[]): Promise<readonly string[]>;
  /** Null for a network that is open to everybody. */
  find(networkId: string): Promise<RestrictedNetwork | null>;
  /** By id. */
  page(slice: Slice): Promise<Counted<RestrictedNetwork>>;
  /** Restricts a network to admins and exactly these users. Needs a transaction. */
  restrict(networkId: string, userIds: readonly string[]): Promise<void>;
  /** Opens a network to everybody. */
  open(networkId: string): Promise<void>;
}
