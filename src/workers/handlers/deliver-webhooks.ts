import { withLogContext } from '../../logging/log-context.js';
import type { PayloadOf } from '../../queue/jobs.js';
import type { WebhookSender } from '../../services/webhook-sender.service.js';
import type { JobOutcome } from '../job-outcome.js';

/** Sends the due deliveries of one endpoint; failures are in their rows. */
export class DeliverWebhooksHandler {
  readonly #sender: Pick<WebhookSender, 'send'>;

  constructor(sender: Pick<WebhookSender, 'send'>) {
    this.#sender = sender;
  }

  async handle({ webhookId, turn }: PayloadOf<'webhook.deliver'>): Promise<JobOutcome> {
    return withLogContext({ webhookId }, async () => {
      await this.#sender.send(webhookId, turn);
      return { kind: 'completed' };
    });
  }
}
