import { Inject, type Type } from '@nestjs/common';
import { type ConsumerOptions, requestConsumer } from './consumer-requests.js';

/**
 * Injects a client of a facade that `MeshModule.forFeature` registered in this module or globally.
 *
 * @param facade a class marked with `@MeshFacade`
 * @param options a fixed target, deadline or attachments, or the name of the mesh; each set of options is a client of its own
 *
 * @example
 * constructor(
 *   \@MeshConsumer(Tokenizer) private readonly tokenizer: Tokenizer,
 *   \@MeshConsumer(Tokenizer, { nodeId: 'LX0000010000290' }) private readonly theirs: Tokenizer,
 * ) {}
 */
export function MeshConsumer(facade: Type, options: ConsumerOptions = {}): ParameterDecorator & PropertyDecorator {
  return Inject(requestConsumer(facade, options));
}
