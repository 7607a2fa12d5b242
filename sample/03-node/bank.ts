/** The bank's application. It knows the bank's node (MESH_ADDRESS) and nobody else. Argument: `python`, where the bureau has that, too. */
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { direct, MeshConsumer, MeshError, MeshModule, MeshSessions } from 'nestjs-mesh';
import { Credit, Fraud, Gossip } from './credit.js';
import { BANK, BUREAU, PAYMENTS, SESSION_ID } from './parties.js';

@Injectable()
class Lending {
  constructor(
    // Each call says whose the service is; the way there is known to the bank's node.
    @MeshConsumer(Credit, BUREAU) readonly credit: Credit,
    @MeshConsumer(Fraud, BUREAU) readonly fraud: Fraud,
    @MeshConsumer(Gossip, BUREAU) readonly gossip: Gossip,
    private readonly sessions: MeshSessions,
  ) {}

  /** Tells the bureau of all payments, and answers with its report. */
  async report(): Promise<string> {
    const node = { address: process.env['MESH_ADDRESS'] ?? '' };
    const session = this.sessions.open(SESSION_ID, { node, targetNodeId: BUREAU.nodeId });
    for (let payment = 1; payment <= PAYMENTS; payment++) {
      await session.push(Buffer.from(`${payment * 100}`), { topic: 'payments' });
    }
    const report = await session.pop({ topic: 'report', timeoutMs: 10_000 });
    return Buffer.from(report ?? []).toString();
  }
}

@Module({
  imports: [
    MeshModule.forRoot({ name: 'bank', ...BANK, listen: false }),
    MeshModule.forFeature([Credit, Fraud, Gossip]),
  ],
  providers: [Lending],
})
class BankModule {}

const app = await NestFactory.createApplicationContext(BankModule, { logger: ['warn'] });
const { credit, fraud, gossip } = app.get(Lending);
const lending = app.get(Lending);

interface Step {
  readonly title: string;
  readonly call: () => Promise<unknown>;
  readonly expected: unknown;
}

const steps: readonly Step[] = [
  { title: 'the score of alice', call: () => credit.score('alice'), expected: 712 },
  { title: 'the score of somebody unknown', call: () => credit.score('mallory'), expected: 'E0000000404' },
  { title: 'a service that nobody provides', call: () => gossip.about('alice'), expected: 'E0000000617' },
  {
    title: 'the same of an institution that is no partner',
    call: () => direct(credit, { nodeId: 'LX0000010000099' }).score('alice'),
    expected: 'E0000000618',
  },
  {
    title: `${PAYMENTS} payments, pushed in a session`,
    call: () => lending.report(),
    expected: `${PAYMENTS} payments, 21000 in all`,
  },
];
const inPython: readonly Step[] = [
  { title: 'an amount, judged in Python', call: () => fraud.unusual('alice', 250_000), expected: true },
  { title: 'another amount, judged in Python', call: () => fraud.unusual('alice', 250), expected: false },
];

const all = process.argv[2] === 'python' ? [...steps, ...inPython] : steps;
let asExpected = 0;
for (const { title, call, expected } of all) {
  const start = performance.now();
  const outcome = await call().catch((error: unknown) => (error instanceof MeshError ? error.code : String(error)));
  const ms = (performance.now() - start).toFixed(1).padStart(7);
  console.log(`bank     ${title.padEnd(46)} ${ms} ms  ${JSON.stringify(outcome)}`);
  if (outcome === expected) asExpected++;
  else console.error(`bank     expected ${JSON.stringify(expected)}`);
}
await app.close();
console.log(`bank     ${asExpected} of ${all.length} steps went as expected`);
process.exitCode = asExpected === all.length ? 0 : 1;
