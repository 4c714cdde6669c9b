/** Only the stores in use: the package's main entry loads those of a dozen other databases. */
declare module 'rate-limiter-flexible/lib/RateLimiterPostgres.js' {
  import { RateLimiterPostgres } from 'rate-limiter-flexible';

  export default RateLimiterPostgres;
}

declare module 'rate-limiter-flexible/lib/RateLimiterRedis.js' {
  import { RateLimiterRedis } from 'rate-limiter-flexible';

  export default RateLimiterRedis;
}
