import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { MeshCode, MeshContext, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startPair } from '../support/mesh-app.js';

@MeshFacade()
class Vault {
  @Mpi('mesh.vault.open', ['key']) open!: (key: string) => Promise<string>;
  @Mpi('mesh.vault.close', ['key']) close!: (key: string) => Promise<string>;
}

class VaultController implements MeshService<Vault> {
  open(key: string): string {
    return `opened with ${key}`;
  }
  close(key: string): string {
    return `closed with ${key}`;
  }
}

/** Lets calls pass whose key is golden. */
@Injectable()
class GoldenKey implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    expect(context.getType()).toBe('rpc');
    expect(context.switchToRpc().getContext()).toBeInstanceOf(MeshContext);
    return context.switchToRpc().getData<{ key: string }>().key === 'golden';
  }
}

describe('guards', () => {
  it('of a class refuse with E0000000403', async () => {
    @MeshProvider(Vault)
    @UseGuards(GoldenKey)
    class Guarded extends VaultController {}
    const vault = await startPair(Vault, { controllers: [Guarded] });

    expect(await vault.open('golden')).toBe('opened with golden');
    expect(await caught(vault.open('rusty'))).toMatchObject({
      code: MeshCode.FORBIDDEN,
      message: 'Forbidden resource',
    });
  });

  it('of one method leave the others alone', async () => {
    @MeshProvider(Vault)
    class Guarded extends VaultController {
      @UseGuards(GoldenKey)
      override open(key: string): string {
        return super.open(key);
      }
    }
    const vault = await startPair(Vault, { controllers: [Guarded] });

    expect(await vault.close('rusty')).toBe('closed with rusty');
    expect((await caught(vault.open('rusty'))).code).toBe(MeshCode.FORBIDDEN);
  });

  it('of the application are injected, and see the metadata of the handler', async () => {
    const Open = () => SetMetadata('open', true);
    @Injectable()
    class Closed implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext): boolean {
        return this.reflector.get<boolean | undefined>('open', context.getHandler()) === true;
      }
    }
    @MeshProvider(Vault)
    class Guarded extends VaultController {
      @Open()
      override open(key: string): string {
        return super.open(key);
      }
    }
    const providers = [{ provide: APP_GUARD, useClass: Closed }];
    const vault = await startPair(Vault, { controllers: [Guarded], providers });

    expect(await vault.open('rusty')).toBe('opened with rusty');
    expect((await caught(vault.close('rusty'))).code).toBe(MeshCode.FORBIDDEN);
  });

  it('refuse with an exception of their own', async () => {
    class Strict implements CanActivate {
      canActivate(): boolean {
        throw new UnauthorizedException('show a token first');
      }
    }
    @MeshProvider(Vault)
    class Guarded extends VaultController {}
    const vault = await startPair(Vault, { controllers: [Guarded] }, {}, (app) => app.useGlobalGuards(new Strict()));

    expect(await caught(vault.open('golden'))).toMatchObject({
      code: MeshCode.FORBIDDEN,
      message: 'show a token first',
    });
  });
});
