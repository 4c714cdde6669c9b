import path from 'node:path';
import { addVideos } from '../../support/api-seeds.js';
import { startTestApi, type TestApi } from '../../support/api.js';

describe('the catalogue of networks', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startTestApi({ modelsDirectory: path.resolve('models') });
  });
  afterAll(() => api.close());

  it('tells what each network takes, and that parts of others serve no task', async () => {
    const { client } = await api.user('reader');
    const models = (await client.get('/api/models')).at('models') as CatalogueModel[];
    const byId = new Map(models.map((model) => [model.id, model]));

    expect(byId.get('shapes')).toMatchObject({
      warm: false,
      device: null,
      licence: expect.any(String),
      tasks: [
        {
          task: 'classification',
          media: ['image'],
          price: { perImage: 0.002, perFrame: null, perMegapixel: null },
          constraints: { maxFileBytes: 3 * 1024 * 1024, maxVideoPixels: null },
          synchronous: { maxImages: 10 },
        },
      ],
    });
    expect(byId.get('cns')?.tasks).toMatchObject([{ task: 'cns', media: ['video'], synchronous: null }]);
    expect(byId.get('matcher')?.tasks).toEqual([]);
  });

  it('has the prices that quotes use, also after they have changed', async () => {
    const { client, user } = await api.user('buyer');
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    const pricesOf = async () => {
      const models = (await client.get('/api/models')).at('models') as CatalogueModel[];
      const cns = models.find(({ id }) => id === 'cns');
      const quote = await client.post('/api/inference/estimate', {
        datasetId,
        parameters: { detector: 'ORB' },
      });
      const { version, perFrame } = cns?.tasks[0].price ?? {};
      return {
        listed: [version, perFrame],
        quoted: [quote.at('quote.version'), quote.at('quote.lines.0.unitPrice')],
      };
    };
    const before = await pricesOf();
    await api.persistence.database.sequelize.query(
      `INSERT INTO prices (preset, version, unit, micro)
       SELECT preset, version + 1, unit, micro * 2 FROM prices WHERE preset = 'infernode'`,
    );

    const after = await pricesOf();

    expect(before).toEqual({ listed: [1, 0.002], quoted: [1, 0.002] });
    expect(after).toEqual({ listed: [2, 0.004], quoted: [2, 0.004] });
  });
});

interface CatalogueModel {
  readonly id: string;
  readonly tasks: readonly {
    readonly price: { readonly version: number; readonly perFrame: number | null };
  }[];
}
