/** The bureau's application. It registers at the bureau's node (MESH_ADDRESS), and is called through it. */
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  MeshCode,
  MeshError,
  meshMicroservice,
  MeshModule,
  MeshProvider,
  type MeshService,
  MeshSessions,
} from 'nestjs-mesh';
import { Credit } from './credit.js';
import { BANK, BUREAU, PAYMENTS, SESSION_ID } from './parties.js';

const SCORES: Readonly<Record<string, number>> = { alice: 712, bob: 540 };

@MeshProvider(Credit)
class CreditController implements MeshService<Credit> {
  score(customer: string): number {
    const score = SCORES[customer];
    if (score === undefined) throw new MeshError(MeshCode.NOT_FOUND, `nobody here knows ${customer}`);
    return score;
  }
}

@Module({
  imports: [
    // `registry: {}` registers at the nodes of MESH_ADDRESS, and renews until the application closes.
    MeshModule.forRoot({ name: 'bureau', ...BUREAU, listen: { host: '127.0.0.1', port: 0 }, registry: {} }),
  ],
  controllers: [CreditController],
})
class BureauModule {}

const app = await NestFactory.createMicroservice(BureauModule, { ...meshMicroservice(), logger: ['warn'] });
await app.listen();

/** Adds up what the bank has told in the session, and tells it the sum. Both go by way of the bureau's own node. */
async function report(): Promise<void> {
  const node = { address: process.env['MESH_ADDRESS'] ?? '' };
  const session = app.get(MeshSessions).open(SESSION_ID, { node, targetNodeId: BANK.nodeId });
  let sum = 0;
  for (let count = 0; count < PAYMENTS; count++) sum += Number(await session.pop({ topic: 'payments' }).then(text));
  await session.push(Buffer.from(`${PAYMENTS} payments, ${sum} in all`), { topic: 'report' });
}

function text(payload: Uint8Array | undefined): string {
  return Buffer.from(payload ?? []).toString();
}

const reported = report();
process.once('disconnect', () => void app.close());
await reported;
console.log('bureau   has had all payments, and has reported on them');
