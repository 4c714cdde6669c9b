/** PostgreSQL NOTIFY channel for changes that concern the open connections of one user. */
export const USER_EVENTS_CHANNEL = 'user_events';

/** Kinds of open connections: the WebSocket `/ws`, remote-control sockets, and streams of server-sent events. */
export type ConnectionKind = 'ws' | 'remote' | 'sse';

/** An open connection of a user. */
export interface OpenConnection {
  readonly id: string;
  readonly userId: string;
  readonly kind: ConnectionKind;
}

/** The remote-control devices of a user, as the clients receive it. */
export interface Presence {
  readonly connectedDevices: number;
  /** Whether one of them reports itself as an active web player. */
  readonly hasWebPlayer: boolean;
}

/** A change that concerns the open connections of one user, on whichever api process they are. */
export interface UserEvent {
  readonly userId: string;
  /** A text for the user. */
  readonly message?: string;
  /** The balance or a quota has changed. Without this and a text, the user's devices have changed. */
  readonly quota?: boolean;
}
