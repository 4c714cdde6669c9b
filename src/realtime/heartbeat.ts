/** How often an idle connection is used, so that proxies keep it and a dead one is found. */
export const HEARTBEAT_MS = 25_000;
