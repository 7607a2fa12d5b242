import { setTimeout } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { decodeJwt, generateSecret, SignJWT } from 'jose';
import { MeshConsumer, MeshError, MeshModule } from 'nestjs-mesh';
import { CallLog } from './call-log.js';
import { TRUST_NODE, Tokenizer } from './tokenizer.js';

@Injectable()
class Component {
  constructor(@MeshConsumer(Tokenizer, TRUST_NODE) private readonly tokenizer: Tokenizer) {}

  async fresh(): Promise<boolean> {
    return this.tokenizer.verify(await this.tokenizer.apply('PERMIT', 300_000));
  }

  async exchanged(): Promise<boolean> {
    const token = await this.tokenizer.apply('PERMIT', 300_000);
    return this.tokenizer.verify(await this.tokenizer.exchange({ token, kind: 'READ', duration: 60_000 }));
  }

  async expired(): Promise<boolean> {
    const token = await this.tokenizer.apply('PERMIT', 1_000);
    const { exp = 0 } = decodeJwt(token);
    await setTimeout(exp * 1_000 - Date.now());
    return this.tokenizer.verify(token);
  }

  async forged(): Promise<boolean> {
    return this.tokenizer.verify(await forge());
  }

  async refused(): Promise<string> {
    return this.tokenizer.exchange({ token: await forge(), kind: 'READ', duration: 60_000 });
  }

  async malformed(): Promise<string> {
    return this.tokenizer.exchange({ token: await forge(), kind: 'EVERYTHING', duration: -1 });
  }
}

/** A token like the tokenizer's, signed with another key. */
async function forge(): Promise<string> {
  const token = new SignJWT({ kind: 'PERMIT' }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('5 minutes');
  return token.sign(await generateSecret('HS256'));
}

@Module({
  imports: [
    MeshModule.forRoot({
      name: 'wallet',
      nodeId: 'LX0000010000290',
      instId: 'JG0100002900000000',
      addresses: [process.env['MESH_ADDRESS'] ?? '127.0.0.1:7304'],
    }),
    MeshModule.forFeature([Tokenizer]),
  ],
  providers: [Component, CallLog],
})
class ConsumerModule {}

const app = await NestFactory.createApplicationContext(ConsumerModule, { logger: ['warn'] });
const component = app.get(Component);
const steps = [
  { title: 'a fresh token is accepted', call: () => component.fresh(), expected: true },
  { title: 'a good token is exchanged for another', call: () => component.exchanged(), expected: true },
  { title: 'an expired token is not accepted', call: () => component.expired(), expected: false },
  { title: 'a forged token is not accepted', call: () => component.forged(), expected: false },
  { title: 'a forged token is not exchanged', call: () => component.refused(), expected: 'E0000000403' },
  { title: 'a malformed request is refused', call: () => component.malformed(), expected: 'E0000000400' },
];

const unexpected: string[] = [];
for (const { title, call, expected } of steps) {
  console.log(`\n${title}`);
  const outcome = await call().catch((error: unknown) => (error instanceof MeshError ? error.code : String(error)));
  if (outcome !== expected) unexpected.push(`${title}: expected ${expected}, got ${outcome}`);
}
await app.close();

console.log(`\n${steps.length - unexpected.length} of ${steps.length} steps went as expected`);
for (const line of unexpected) console.error(line);
process.exitCode = unexpected.length === 0 ? 0 : 1;
