import { describeEventSource } from './contract-test.js';
import type { EventSource } from './event-source.js';
import { createEventSource } from './registry.js';
import { startTestStorage } from './test-storage.js';

function sourceOf(options: object): Promise<EventSource> {
  const config = { id: 's', kind: 's3', module: null, region: null, nodeType: null } as const;
  return createEventSource({ ...config, baseDir: '/', options });
}

describeEventSource('s3', async () => {
  const storage = await startTestStorage();
  return {
    source: await sourceOf({ ...storage.options, prefix: 'us-west/ai' }),
    sameAgain: await sourceOf({
      ...storage.options,
      endpoint: `${storage.url}/`,
      prefix: '/us-west/ai/',
    }),
    secret: 'S3RVER',
    async put(events) {
      for (let i = 0; i < events.length; i += 1_000) {
        const part = events.slice(i, i + 1_000);
        const text = JSON.stringify(
          part.map(({ json }) => JSON.parse(json)),
          null,
          2,
        );
        await storage.put(`us-west/ai/us-west-ai-${part[0]?.dt.toISOString()}.json`, text);
      }
    },
    breakDown: () => storage.stop(),
    close: () => storage.stop().catch(() => undefined),
  };
});
