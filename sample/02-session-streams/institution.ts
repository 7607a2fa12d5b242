/** One institution: a Nest application that is its node. Arguments: 4 or 5, the port to listen at, the partner's address. */
import { setTimeout } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  MeshCode,
  MeshError,
  meshMicroservice,
  MeshModule,
  MeshServer,
  type MeshSession,
  MeshSessions,
} from 'nestjs-mesh';
import { Answering } from './answering.js';
import { byHandlers, byObservables, byPushAndPop } from './exchanges.js';
import { MESSAGES, NODE_4, NODE_5, SESSION_ID } from './parties.js';

const [number, port, partnerAddress = ''] = process.argv.slice(2);
const [self, partner] = number === '4' ? [NODE_4, NODE_5] : [NODE_5, NODE_4];

@Module({
  imports: [
    MeshModule.forRoot({
      name: `institution-${self.number}`,
      nodeId: self.nodeId,
      instId: self.instId,
      listen: { host: '127.0.0.1', port: Number(port) },
      partners: [{ nodeId: partner.nodeId, instId: partner.instId, address: partnerAddress }],
    }),
  ],
  controllers: [Answering],
})
class InstitutionModule {}

/** Institutions start when they like: knocks until the partner's node answers. */
async function knock(session: MeshSession): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await session.push(Buffer.from('hello'), { topic: 'hello' });
    } catch (error) {
      const isAway = error instanceof MeshError && error.code === MeshCode.UNREACHABLE;
      if (!isAway || attempt === 100) throw error;
      await setTimeout(100);
    }
  }
}

/** Nobody leaves before the other has everything. */
async function partWays(session: MeshSession): Promise<void> {
  await session.push(Buffer.from('bye'), { topic: 'bye' });
  await session.pop({ topic: 'bye', timeoutMs: 10_000 });
}

const app = await NestFactory.createMicroservice(InstitutionModule, { ...meshMicroservice(), logger: ['warn'] });
await app.listen();
console.log(`node ${self.number}   listens at ${app.get(MeshServer).addresses.join()}`);

// What is pushed goes to the partner's node; what is popped has come from there to our own.
const session = app.get(MeshSessions).open(SESSION_ID, {
  targetNodeId: partner.nodeId,
  targetInstId: partner.instId,
  providerCode: 'LX',
  token: 'x',
});

const exchanges = [byPushAndPop, byObservables, byHandlers];
let verified = 0;
try {
  await knock(session);
  for (const exchange of exchanges) verified += await exchange(session, self, partner);
  await partWays(session);
  await session.release();
} catch (error) {
  console.error(`node ${self.number}   ${error instanceof Error ? error.message : String(error)}`);
}
await app.close();

const expected = exchanges.length * MESSAGES;
console.log(`node ${self.number}   ${verified} of ${expected} messages came, each once and in order`);
process.exitCode = verified === expected ? 0 : 1;
