/** Heartbeat interval of idle connections: keeps proxies from closing them and detects dead ones. */
export const HEARTBEAT_MS = 25_000;
/** Bytes that a client may leave unread before it is disconnected, so that its data does not fill our memory. */
export const MAX_UNREAD_BYTES = 1024 * 1024;
/** Time for the client's side of a close before its connection is cut. */
export const CLOSE_GRACE_MS = 1000;
