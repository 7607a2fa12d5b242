import { Inject } from '@nestjs/common';
import { MESH_OPTIONS, type ResolvedMeshOptions } from 'nestjs-mesh';
import {
  CONSUMER_FILTER,
  MeshExtension,
  PROVIDER_FILTER,
  type CallNext,
  type ConsumerCall,
  type ProviderCall,
} from 'nestjs-mesh/spi';

/** Prints each call that this application makes or serves, with its duration and trace. */
@MeshExtension(CONSUMER_FILTER, 'call-log')
@MeshExtension(PROVIDER_FILTER, 'call-log')
export class CallLog {
  constructor(@Inject(MESH_OPTIONS) private readonly options: ResolvedMeshOptions) {}

  async filter<C extends ConsumerCall | ProviderCall>(call: C, next: CallNext<C>): Promise<unknown> {
    const start = performance.now();
    let outcome = '';
    try {
      const answer = await next(call);
      outcome = shorten(JSON.stringify(answer));
      return answer;
    } catch (error) {
      outcome = String(error);
      throw error;
    } finally {
      const ms = (performance.now() - start).toFixed(1);
      const who = this.options.name.padEnd(8);
      console.log(`${who} ${call.service.padEnd(19)} ${ms.padStart(6)} ms  trace ${call.context.traceId}  ${outcome}`);
    }
  }
}

function shorten(text: string): string {
  return text.length > 24 ? `${text.slice(0, 20)}…"` : text;
}
