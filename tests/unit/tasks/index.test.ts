import { runRequest } from '../../../src/engines/job-engine/protocol.js';
import { buildOpenApiDocument } from '../../../src/schemas/openapi.js';
import { taskName } from '../../../src/schemas/job.schema.js';
import { TASK_NAMES, TASKS } from '../../../src/tasks/index.js';
import { loadPipeline } from '../../../src/tasks/registry.js';

describe('what is made from the list of tasks', () => {
  it('has each name once', () => {
    expect(new Set(TASK_NAMES).size).toBe(TASKS.length);
  });

  it.each([...TASK_NAMES])('knows %s in the API, between processes and in engines', async (name) => {
    expect(taskName.parse(name)).toBe(name);
    expect(runRequest.shape.task.parse(name)).toBe(name);
    await expect(loadPipeline(name)).resolves.toBeInstanceOf(Function);
  });

  it('refuses names of other tasks', async () => {
    expect(taskName.safeParse('levitation').success).toBe(false);
    expect(runRequest.shape.task.safeParse('levitation').success).toBe(false);
    await expect(loadPipeline('levitation')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('documents a body for each task that POST /api/inference takes', () => {
    const { components } = buildOpenApiDocument({ version: '0' });
    for (const { name, request, params } of TASKS) {
      if (!request) continue;
      expect(components?.schemas?.[request.schemaId]).toMatchObject({
        properties: { task: { enum: [name] } },
      });
      expect(params.safeParse(request.example)).toMatchObject({ success: true });
    }
  });
});
