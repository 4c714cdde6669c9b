/** Container health check: exits with 0 when the process in this container reports that it is alive. */
const port = process.env.HEALTH_PORT || process.env.PORT || '3000';
const answer = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(4000) }).catch(
  () => null,
);
process.exit(answer?.ok ? 0 : 1);
