import { AutoTransport } from '../../lib/transport/auto/auto-transport.js';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import { HttpTransport } from '../../lib/transport/http/http-transport.js';
import { MemoryNetwork } from '../../lib/transport/memory/memory-network.js';
import { MemoryTransport } from '../../lib/transport/memory/memory-transport.js';
import type { Transport } from '../../lib/transport/transport.js';
import { chainOf, copyEach, type Handle, middleware, passOn } from '../support/middleware-fixtures.js';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import { transportOptions } from '../support/transport-fixtures.js';
import { TunnelTransport } from '../support/tunnel-transport.js';
import { describeStreams } from './transport-streams.contract.js';
import { describeTransport } from './transport.contract.js';

describeTransport('grpc, unary', () => new GrpcTransport(transportOptions({ mode: 'unary' })));
describeTransport('grpc, auto', () => new GrpcTransport(transportOptions({ mode: 'auto' })));
describeTransport('grpc, stream', () => new GrpcTransport(transportOptions({ mode: 'stream' })));
describeTransport('memory', () => new MemoryTransport(new MemoryNetwork(), transportOptions()));
describeTransport('grpc, several connections', () => new GrpcTransport(transportOptions({ connections: 3 })));

describeTransport('http 1.1', () => new HttpTransport(transportOptions()));
describeTransport('http 2', () => new HttpTransport(transportOptions({}, {}, {}, { version: '2' })));

describeStreams('grpc', () => new GrpcTransport(transportOptions()));
describeStreams('memory', () => new MemoryTransport(new MemoryNetwork(), transportOptions()));

describeTransport('tcp', () => new TcpTransport(transportOptions()));
describeStreams('tcp', () => new TcpTransport(transportOptions()));

describeTransport('grpc, through tunnels', () => new TunnelTransport());

describeTransport('auto', () => new AutoTransport(transportOptions()));
describeStreams('auto', () => new AutoTransport(transportOptions()));

/** A transport all of whose listeners have middleware around what they serve. */
function withMiddleware(transport: Transport, handle: Handle): Transport {
  const chain = chainOf(middleware('outer', passOn), middleware('inner', handle));
  return {
    proto: transport.proto,
    dial: (address) => transport.dial(address),
    listen: (at, acceptor) => transport.listen(at, chain.around('listen', acceptor)),
  };
}

const grpc = () => new GrpcTransport(transportOptions());

describeTransport('grpc, through middleware', () => withMiddleware(grpc(), copyEach));
describeStreams('grpc, through middleware that hands on what comes', () => withMiddleware(grpc(), passOn));
describeStreams('grpc, through middleware that makes all anew', () => withMiddleware(grpc(), copyEach));
