/** API paths that are used in more than one module. */
export const ADMIN_PATH = '/api/admin';
export const QUEUE_BOARD_PATH = `${ADMIN_PATH}/queues`;
export const SIGN_IN_PATH = `${ADMIN_PATH}/sign-in`;
export const OIDC_PATH = '/api/auth/oidc';
export const OIDC_START_PATH = `${OIDC_PATH}/start`;
export const OIDC_CALLBACK_PATH = `${OIDC_PATH}/callback`;
export const SIGN_IN_PAGE_PATH = '/sign-in';
export const SIGN_IN_SCRIPT_PATH = '/sign-in.js';
export const PASSWORD_PAGE_PATH = '/set-password';
export const DOCUMENTATION_PATH = '/api/docs';
/** The same page under the path of the compatibility routes. */
export const VERSIONED_DOCUMENTATION_PATH = '/api/v1/api-docs';
export const OPENAPI_PATH = '/api/openapi.json';
export const HEALTH_PATH = '/api/health';
/** Metrics for Prometheus, whose default it is. */
export const METRICS_PATH = '/metrics';
export const VERSIONED_HEALTH_PATH = '/api/v1/health';
export const LIVENESS_PATH = '/livez';
export const READINESS_PATH = '/readyz';
export const WEBSOCKET_PATH = '/ws';
/** Requests and upgrades of Socket.IO. */
export const SOCKET_IO_PATH = '/socket.io';
/** Path of a session of live servoing. */
export const servoSessionPath = (id: string): string => `/api/servo/sessions/${id}`;
/** URL of the stream of a session on the instance at the URL `base`. */
export const servoStreamUrl = (base: string, id: string): string =>
  `${base.replace(/^http/, 'ws')}${servoSessionPath(id)}/stream`;
/** Path of single frames of a session. */
export const SERVO_FRAMES_PATH = /^\/api\/servo\/sessions\/[^/]+\/frames\/?$/i;
/** Path of the stream of a session. */
export const SERVO_STREAM_PATH =
  /^\/api\/servo\/sessions\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\/stream$/i;
