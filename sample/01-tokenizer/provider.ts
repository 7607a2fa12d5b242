import { Module, ValidationPipe, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { generateSecret, jwtVerify, SignJWT } from 'jose';
import {
  MeshCode,
  MeshError,
  meshMicroservice,
  MeshModule,
  MeshProvider,
  MeshServer,
  type MeshService,
} from 'nestjs-mesh';
import { CallLog } from './call-log.js';
import { TRUST_NODE, Tokenizer, type Exchange } from './tokenizer.js';

/** An ordinary Nest controller that serves the facade. */
@MeshProvider(Tokenizer)
export class TokenizerController implements MeshService<Tokenizer> {
  private readonly secret = generateSecret('HS256');

  async apply(kind: string, duration: number): Promise<string> {
    const expiry = new Date(Date.now() + duration);
    const token = new SignJWT({ kind }).setProtectedHeader({ alg: 'HS256' }).setIssuedAt().setExpirationTime(expiry);
    return token.sign(await this.secret);
  }

  async verify(token: string): Promise<boolean> {
    const secret = await this.secret;
    return jwtVerify(token, secret).then(
      () => true,
      () => false,
    );
  }

  async exchange({ token, kind, duration }: Exchange): Promise<string> {
    if (await this.verify(token)) return this.apply(kind, duration);
    throw new MeshError(MeshCode.FORBIDDEN, 'only the holder of a good token gets another');
  }
}

function providerModule(port: number): object {
  @Module({
    imports: [MeshModule.forRoot({ name: 'trust', ...TRUST_NODE, listen: { host: '127.0.0.1', port } })],
    controllers: [TokenizerController],
    providers: [CallLog],
  })
  class ProviderModule {}
  return ProviderModule;
}

async function serve(port: number): Promise<INestMicroservice> {
  const app = await NestFactory.createMicroservice(providerModule(port), { ...meshMicroservice(), logger: ['warn'] });
  app.useGlobalPipes(new ValidationPipe());
  await app.listen();
  return app.enableShutdownHooks();
}

// 7304 is the port of the standard. Where something else has it, any free port does.
const app = await serve(7304).catch((error: MeshError) => {
  if (error.code !== MeshCode.ADDRESS_UNREACHABLE) throw error;
  return serve(0);
});
console.log(`trust    listens at ${app.get(MeshServer).addresses.join()}`);

// Started by main.ts: tell it the address, and close in good order when it lets go.
process.send?.(app.get(MeshServer).addresses[0]);
process.once('disconnect', () => void app.close());
