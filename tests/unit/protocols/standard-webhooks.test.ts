import { Webhook } from 'standardwebhooks';
import { newWebhookSecret, webhookHeaders } from '../../../src/protocols/standard-webhooks.js';

const ID = '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c';
const BODY = '{"type":"job.completed","data":{"name":"Grüße"}}';

describe('signatures of webhooks', () => {
  it("fits the specification's reference implementation", () => {
    const secret = newWebhookSecret();
    const sentAt = new Date();

    const headers = webhookHeaders({ id: ID, sentAt, body: BODY }, [secret]);

    expect(headers['webhook-signature']).toBe(new Webhook(secret).sign(ID, sentAt, BODY));
    expect(new Webhook(secret).verify(BODY, { ...headers })).toEqual(JSON.parse(BODY));
  });

  it('with two secrets, receivers with either one accept the message, and no others', () => {
    const [fresh, old, foreign] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()];

    const headers = webhookHeaders({ id: ID, sentAt: new Date(), body: BODY }, [fresh, old]);

    for (const secret of [fresh, old]) expect(new Webhook(secret).verify(BODY, { ...headers })).toBeTruthy();
    expect(() => new Webhook(foreign).verify(BODY, { ...headers })).toThrow();
    expect(() => new Webhook(fresh).verify(`${BODY} `, { ...headers })).toThrow();
  });
});
