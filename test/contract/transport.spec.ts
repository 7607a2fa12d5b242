import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import { HttpTransport } from '../../lib/transport/http/http-transport.js';
import { MemoryNetwork } from '../../lib/transport/memory/memory-network.js';
import { MemoryTransport } from '../../lib/transport/memory/memory-transport.js';
import { transportOptions } from '../support/transport-fixtures.js';
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
