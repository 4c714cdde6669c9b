import { parseSettings } from '../../../src/config/settings.js';

describe('settings', () => {
  it('settings say their unit in their name, whatever the unit of the variable', () => {
    const settings = parseSettings({
      KEEP_ALIVE_SECONDS: '33',
      BODY_IDLE_SECONDS: '0.5',
      STARTUP_TIMEOUT: '2m',
      JOB_TIMEOUT: '1h',
      INFERENCE_TIMEOUT: '1500',
      LEASE_SECONDS: '7',
      UPLOAD_MAX_MB: '3',
      JWT_EXPIRATION: '2h',
    });
    expect(settings).toMatchObject({
      startupTimeoutMs: 120_000,
      http: { keepAliveMs: 33_000, bodyIdleMs: 500 },
      job: { timeoutMs: 3_600_000, leaseMs: 7000 },
      inference: { timeoutMs: 1500 },
      upload: { maxBytes: 3_145_728 },
      token: { lifetimeSeconds: 7200 },
    });
  });

  it('no part of the settings can be changed', () => {
    const settings = parseSettings({});
    expect(() => Object.assign(settings.upload, { maxBytes: 1 })).toThrow(TypeError);
    expect(() => Object.assign(settings.queue.redis, { host: 'elsewhere' })).toThrow(TypeError);
  });

  it('folders lie in the data folder, and the queue on Redis once it is named, unless set otherwise', () => {
    expect(parseSettings({ DATA_DIR: '/srv' }).folders).toMatchObject({
      media: '/srv/media',
      logs: '/srv/logs',
    });
    expect(parseSettings({ DATA_DIR: '/srv', MEDIA_DIR: '/big' }).folders.media).toBe('/big');
    expect(parseSettings({}).queue.backend).toBe('postgres');
    expect(parseSettings({ REDIS_HOST: 'redis' }).queue).toMatchObject({
      backend: 'redis',
      redis: { host: 'redis' },
    });
    expect(parseSettings({ REDIS_HOST: 'redis', QUEUE_BACKEND: 'postgres' }).queue.backend).toBe('postgres');
  });

  it.each([
    ['OIDC_ISSUER', 'http://id.example.com', 'https'],
    ['OIDC_ISSUER', 'https://id.example.com/?tenant=1', 'without query'],
    ['OIDC_ISSUER', 'https://id.example.com/.well-known/openid-configuration', '.well-known'],
    ['OIDC_ISSUER', 'https://user:secret@id.example.com', 'https URL of the issuer'],
    ['OIDC_SCOPES', 'email profile', 'openid'],
    ['OIDC_ALLOWED_DOMAINS', 'example.com, @example.org', 'separated by commas'],
  ])('%s refuses %s', (name, value, message) => {
    const settings = { OIDC_ISSUER: 'https://id.example.com', OIDC_CLIENT_ID: 'infernode', [name]: value };
    expect(() => parseSettings(settings)).toThrow(message);
  });

  it('sign-in by OpenID Connect needs issuer and client, and is off without them', () => {
    expect(parseSettings({}).oidc).toBeNull();
    expect(() => parseSettings({ OIDC_ISSUER: 'https://id.example.com' })).toThrow('OIDC_CLIENT_ID');
    expect(() => parseSettings({ OIDC_CLIENT_ID: 'infernode' })).toThrow('OIDC_ISSUER');
    const settings = { OIDC_ISSUER: 'http://127.0.0.1:9000', OIDC_CLIENT_ID: 'infernode' };
    expect(
      parseSettings({ ...settings, OIDC_ALLOWED_DOMAINS: ' Example.COM,,xn--mnchen-3ya.example ' }).oidc,
    ).toEqual(
      expect.objectContaining({
        allowedDomains: ['example.com', 'münchen.example'],
        linksVerifiedEmail: false,
      }),
    );
  });
});
