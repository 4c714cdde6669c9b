/** Heartbeat interval of idle connections: keeps proxies from closing them and detects dead ones. */
export const HEARTBEAT_MS = 25_000;
