import { expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { acknowledgementAnswer } from '../../../../lib/protocol/conversation.js';
import { StandardDialect } from '../../../../lib/protocol/dialects/standard/standard-dialect.js';
import { ConversationPool } from '../../../../lib/session/conversation/conversation-pool.js';
import { LocalConnection } from '../../../../lib/transport/memory/local-connection.js';
import type { InboundStream } from '../../../../lib/transport/transport.js';
import { sessionRequest } from '../../../support/dialect-fixtures.js';

const formats = (type: string): never => {
  throw new Error(`no format for ${type}`);
};

it('the pool of conversations keeps a stream for each transport, address and dialect', async () => {
  const opened: string[] = [];
  const pool = new ConversationPool(formats);
  onTestFinished(() => pool.close());

  const push = async (transport: string, address: string, name: string): Promise<void> => {
    const stream = async (one: InboundStream): Promise<void> => {
      opened.push(`${transport} ${address} ${name}`);
      for await (const _ of one.messages) await one.send(acknowledgementAnswer());
    };
    const connection = () => new LocalConnection(() => ({ stream }));
    const port = pool.port({ transport, address, name, dialect: new StandardDialect(), connection });
    const wait = { deadline: Date.now() + 5_000, cancellation: new Cancellation() };
    await port.call(sessionRequest({ operation: 'push' }), wait);
  };

  for (const transport of ['grpc', 'tcp', 'grpc', 'tcp']) await push(transport, 'a:1', 'one');
  await push('tcp', 'b:1', 'one');
  await push('tcp', 'b:1', 'other');
  expect(opened).toEqual(['grpc a:1 one', 'tcp a:1 one', 'tcp b:1 one', 'tcp b:1 other']);
});
